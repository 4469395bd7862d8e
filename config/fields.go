package config

import (
	"reflect"
	"strings"
)

const envPrefix = "PAYMENTHUB_"

// EnvFile is the variable that names the configuration file.
const EnvFile = envPrefix + "CONFIG"

// field is one settable value of a Config.
type field struct {
	key   string // "server.tls_cert"
	value reflect.Value
	keep  func() // takes over a value that was set; nil where it is set in its place
}

// env is the field's environment variable.
func (f field) env() string { return envOf(f.key) }

// flag is the name of the flag that sets the field.
func (f field) flag() string {
	if f.key == "server.addr" || strings.HasPrefix(f.key, "server.tls_") || f.key == "server.public_url" {
		return dashed(strings.TrimPrefix(f.key, "server."))
	}
	return dashed(f.key)
}

func envOf(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func dashed(key string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(key) }

// fields lists the values of a configuration in the order of their declaration.
func fields(c *Config) []field {
	found := walk("", reflect.ValueOf(c).Elem())
	for _, p := range c.Gateways.Catalogue {
		found = append(append(found, p.fields(sandboxAccounts, c.Gateways.Sandbox)...), p.fields(liveAccounts, c.Gateways.Live)...)
	}
	return found
}

func walk(prefix string, section reflect.Value) []field {
	var found []field
	for i := range section.NumField() {
		name := section.Type().Field(i).Tag.Get("yaml")
		value := section.Field(i)
		switch {
		case name == "-":
		case value.Kind() == reflect.Struct:
			found = append(found, walk(prefix+name+".", value)...)
		case value.Type() != reflect.TypeFor[Accounts](): // whose settings are the catalogue's
			found = append(found, field{key: prefix + name, value: value})
		}
	}
	return found
}
