// Package e2e holds the hub to its promises from outside: it builds the command,
// runs it as a process of its own on SQLite and on Postgres, talks HTTP to it,
// kills it, and compares what it says with the provider simulator's own record.
// Every answer is held against the OpenAPI document.
//
//	go test -timeout 25m ./e2e   everything, on both databases
//	go test ./e2e                everything, each test on one of them
//	go test -short ./e2e         the main path, SQLite alone
//
// A hub that runs for several tests is shared; each test is a merchant of its
// own there. Tests that break a hub have one to themselves.
package e2e
