//go:build unix && !linux

package chaos

import "syscall"

// ownGroup lets a process be killed with its children.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
