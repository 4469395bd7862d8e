// Package house holds no code: its tests keep the house in order. They read the
// imports of every package and say, with the reason, which one stands where it
// must not (docs/ARCHITECTURE.md draws the same map), and they name files that
// have grown too long.
package house
