package simulator

import "strings"

// Unrolled is a credential without what it was rolled to. A provider gives an account
// new keys; here those that differ in what follows a tilde alone are of one account:
// "sk_test_shop~2" is of that of "sk_test_shop". Any other key is another account's.
func Unrolled(credential string) string {
	root, _, _ := strings.Cut(credential, "~")
	return root
}
