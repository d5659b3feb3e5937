// Package node is one organisation's node: its data folder, keys, records and audit log, its line to the exchange, and the use cases
// of the people who work with it. The command line and the pages know only this package and the types of the domain.
//
//	config.go    the configuration file
//	setup.go     founding, joining, keys at rest
//	node.go      opening, running, closing; who may do what
//	send.go      from the outbox to the relay
//	receive.go   from the relay to the records: each statement has its effect once
//	receipts.go  what became of a statement: owed, told, taken; a notice's passed on to its owner
//	aside.go     letters that came before what they are judged by
//	members.go   the register: invite, admit, suspend, and telling the members
//	keys.go      this member's keys and their change
//	relay.go     the relay, where this is the secretariat's node
//	witness.go   checkpoints of audit logs, given to others and kept for them
//	notices.go   requests and notices, at their owner, at the secretariat and at those who get them
//	public.go    what everybody may see of notices in force
//	letters.go   diffusions, messages, recall
//	watch.go     records and watch-lists; hits
//	check.go     is this known: the index and the questions to it
//	leads.go     standing checks, and whom a new match is told
//	private.go   private checks: begun, their letters, and the keeper's part
//	private_ask.go what is asked in a job, request by request, and what came of it
//	stops.go     requests to stop payments
//	clock.go     what time alone does: reminders, ends of retention, checkpoints, leases
//	backup.go    backup and restore
//
// Every use case asks who acts, for which purpose and on which legal basis, decides by the rules of handling, and stands in the audit
// log before it is done. What is sent is written into the outbox in the same transaction as the change it tells of; what is received
// has its effect in the same transaction as the place in the box, so that each has its effect once, whatever dies when.
package node
