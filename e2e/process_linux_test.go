package e2e

import "syscall"

// ownGroup lets a process end with the tests, however these end.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
