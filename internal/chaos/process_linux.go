package chaos

import "syscall"

// ownGroup lets a process be killed with its children, and end with the
// campaign, however that ends.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
