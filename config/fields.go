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
func fields(c *Config) []field { return walk("", reflect.ValueOf(c).Elem()) }

func walk(prefix string, section reflect.Value) []field {
	var found []field
	for i := range section.NumField() {
		key := prefix + section.Type().Field(i).Tag.Get("yaml")
		if value := section.Field(i); value.Kind() == reflect.Struct {
			found = append(found, walk(key+".", value)...)
		} else {
			found = append(found, field{key: key, value: value})
		}
	}
	return found
}
