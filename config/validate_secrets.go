package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	minTimeout        = time.Second
	maxRequestTimeout = 2 * time.Minute
	maxDrainTimeout   = 5 * time.Minute
	maxGatewayTimeout = 30 * time.Second
)

// keyID is what names a payload key. Lower case only: files and variables do not
// keep the case of names.
var keyID = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func (f *faults) keys(k Keys) {
	used := map[string]string{} // key material → where it is used first
	if k.Fingerprint != "" || f.need(NeedKeys) {
		f.key(used, "keys.fingerprint", "", k.Fingerprint)
	}
	if k.ClientSecret != "" || f.need(NeedKeys) {
		f.key(used, "keys.client_secret", "", k.ClientSecret)
	}
	versions := slices.Sorted(maps.Keys(k.Vault.Keys))
	for _, name := range versions {
		version, err := strconv.Atoi(name)
		f.check(err == nil && version >= 1 && strconv.Itoa(version) == name, "keys.vault.keys", "has version %q; versions are 1, 2, 3 …", name)
		f.key(used, "keys.vault.keys", name, k.Vault.Keys[name])
	}
	ids := slices.Sorted(maps.Keys(k.Codec.Keys))
	for _, id := range ids {
		f.check(keyID.MatchString(id), "keys.codec.keys", "has id %q; ids are 1 to 64 of a-z, 0-9, - and _", id)
		f.key(used, "keys.codec.keys", id, k.Codec.Keys[id])
	}
	f.activeKey("keys.vault", strconv.Itoa(k.Vault.Active), k.Vault.Active == 0, versions, "1")
	f.activeKey("keys.codec", k.Codec.Active, k.Codec.Active == "", ids, "k1")
}

// key checks one key; name is its name where the setting holds several.
func (f *faults) key(used map[string]string, setting, name string, value Key) {
	label := ""
	if name != "" {
		label = fmt.Sprintf("key %q ", name)
	}
	material, err := value.Bytes()
	if err != nil {
		f.check(false, setting, "%s%w", label, err)
		return
	}
	if first, again := used[string(material)]; again {
		f.check(false, setting, "%sis the same key as %s; make one for each", label, first)
	}
	used[string(material)] = strings.TrimSuffix(setting+"."+name, ".")
}

func (f *faults) activeKey(section, active string, unset bool, names []string, example string) {
	switch {
	case len(names) == 0:
		f.check(!f.need(NeedKeys), section+".keys", "is not set; give %s:<key>, a key being: openssl rand -base64 32", example)
	case unset:
		f.check(false, section+".active", "is not set; name the key to seal with: %s", strings.Join(names, ", "))
	default:
		f.check(slices.Contains(names, active), section+".active", "names %q, which is not among the keys: %s", active, strings.Join(names, ", "))
	}
}

// httpURL checks an http or https address; nil when it is none. Faults do not
// quote it: it may hold a password.
func (f *faults) httpURL(key string, value URL) *url.URL {
	u, err := url.Parse(string(value))
	ok := err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	f.check(ok, key, "must be an http or https address, such as https://host:4318")
	if !ok {
		return nil
	}
	f.check(u.User == nil, key, "must not have a user or password in it")
	return u
}

func (f *faults) publicURL(value URL) {
	u := f.httpURL("server.public_url", value)
	f.check(u == nil || (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == "", "server.public_url",
		"must be scheme and host alone, such as https://pay.example.com")
	f.check(u == nil || u.Scheme == "https" || onLoopback(hostPort(u)), "server.public_url",
		"must be https, except on loopback: client secrets are in the addresses that shoppers open")
}

func (f *faults) postgresURL(value URL) {
	u, err := url.Parse(string(value))
	ok := err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && (u.Host != "" || u.Query().Has("host"))
	f.check(ok, "database.url", "cannot be read; it should look like postgres://user:password@host:5432/name")
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + ":80"
}
