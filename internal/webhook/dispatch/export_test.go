package dispatch

// Held counts what a dispatcher has in memory.
func (d *Dispatcher) Held() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return map[string]int{
		"lanes": len(d.lanes), "merchants": len(d.turn.byID), "tasks": len(d.held), "places": d.turn.held, "running": d.turn.running,
		"aside": len(d.aside),
	}
}

// InTurns is the order that claimed tasks are added in.
var InTurns = inTurns
