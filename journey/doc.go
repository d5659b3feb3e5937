// Package journey reads bookings, crossings and checks: who travels together, who pays for many, who escorts again and
// again, and by which routes.
package journey
