// Package typology finds in the payment graph the shapes and habits that trafficking and smuggling money shows.
//
// Each typology is one file with one detector: a small function over one account's payments (and, where the shape is
// wider, over those of the accounts around it). Its parameters come from an indicator pack, a TOML file that an analyst
// edits; every number there carries its source. default.toml is the pack shipped with Tarir.
//
// # From hits to findings
//
// A detector emits hits. Run joins the hits of one account, or over the same payments, and makes findings of them. No
// single indicator makes a finding (domain rule 5.4): a habit such as payments at night is reported only with others
// beside it, three of one kind of data or two of different kinds. A shape that chance does not make, a ring for
// instance, is reported alone, but weak: its score stays below the pack's weak_ceiling and its explanation says so. A
// score orders work and decides nothing.
//
// # Cost
//
// All detectors run in one pass over the accounts, in parallel. Each looks at an account's own list a fixed number of
// times; searches around it are bounded by the pack's limits, and a finding says when a limit cut its search. Hubs
// (accounts with more counterparties than hub_counterparties) are never expanded by a search, so that they cost no more
// than their own list. n log n in the number of payments at worst, and linear in practice: docs/performance.md.
//
// Labels never reach this package: the graph has no field that could hold one.
package typology
