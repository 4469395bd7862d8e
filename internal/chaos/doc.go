// Package chaos breaks a hub on purpose and holds it to what it told its
// clients meanwhile.
//
// A seed decides a plan: payment operations of several clients, and faults
// between them. A world of separate processes (Temporal, the provider
// simulator, a hub, a worker, a database) carries the plan out. Then everything
// is healed, and the judge compares each answer that a client got with what the
// hub and the provider say in the end.
//
// The plan of a seed is always the same; how its operations meet the faults
// depends on the machine's timing as well.
package chaos
