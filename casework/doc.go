// Package casework is what is done about what was found: cases with their people, contents and timeline, the assets that could be taken,
// operations and what they achieve, and requests to stop payments.
//
// It decides and computes; what is kept where, and who is told, is the node's.
package casework
