package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// maxFileSize bounds a configuration file, in bytes.
const maxFileSize = 1 << 20

// Sources are where settings come from besides the environment.
type Sources struct {
	// Base is what holds where nothing is set; nil means Default.
	Base *Config
	// File is a YAML file; empty takes the one PAYMENTHUB_CONFIG names, if any.
	File string
	// Flags that were given on the command line win over everything. A flag sets
	// the key it spells with dashes (--database-url); --addr, --tls-cert,
	// --tls-key and --public-url are the server's. Other flags are not looked at.
	Flags *pflag.FlagSet
}

// Load reads the configuration without judging it; Validate does that. Errors: a
// file that cannot be read, keys it should not have, values of the wrong type,
// all in one error.
func Load(s Sources) (Config, error) {
	c := Default()
	if s.Base != nil {
		c = *s.Base
	}
	c.Gateways.Sandbox, c.Gateways.Live = c.Gateways.Sandbox.clone(), c.Gateways.Live.clone()
	v := viper.New()
	faults := unknownVariables(&c)
	if s.File == "" {
		s.File = os.Getenv(EnvFile)
	}
	if s.File != "" {
		if err := readFile(v, s.File); err != nil {
			return Config{}, err
		}
		faults = append(faults, unknownKeys(&c, v.AllKeys(), s.File)...)
	}
	for _, f := range fields(&c) {
		if err := bind(v, f, s.Flags); err != nil {
			return Config{}, err
		}
		if value := v.Get(f.key); value != nil {
			if err := f.set(value); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return c, errors.Join(faults...)
}

func readFile(v *viper.Viper, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileSize {
		return fmt.Errorf("configuration file %s: must be a regular file of at most 1 MiB", file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(content)); err != nil {
		return fmt.Errorf("configuration file %s: %w", file, err)
	}
	return nil
}

// unknownKeys names what a file sets and the hub does not have: a misspelt key
// must not be ignored.
func unknownKeys(c *Config, inFile []string, file string) []error {
	known := map[string]bool{}
	var maps []string
	for _, f := range fields(c) {
		known[f.key] = true
		if f.value.Kind() == reflect.Map {
			maps = append(maps, f.key+".")
		}
	}
	var faults []error
	for _, key := range inFile {
		inMap := false
		for _, prefix := range maps {
			inMap = inMap || strings.HasPrefix(key, prefix)
		}
		if !known[key] && !inMap {
			faults = append(faults, fmt.Errorf("%s: there is no setting %q", file, key))
		}
	}
	return faults
}

// bind ties the field to its variable and to its flag, if that was given. An
// empty variable counts as unset.
func bind(v *viper.Viper, f field, flags *pflag.FlagSet) error {
	if err := v.BindEnv(f.key, f.env()); err != nil {
		return err
	}
	if flags == nil {
		return nil
	}
	if given := flags.Lookup(f.flag()); given != nil && given.Changed {
		return v.BindPFlag(f.key, given)
	}
	return nil
}

// set stores a value as it came from one of the sources.
func (f field) set(value any) error {
	kind := f.value.Kind()
	switch v := value.(type) {
	case string:
		if kind == reflect.Map {
			keys, err := splitKeys(v)
			if err != nil {
				return fault(f.key, "%w", err)
			}
			value = keys
		}
		if kind == reflect.Slice {
			value = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
		}
	case int, float64:
		_, whole := value.(int)
		if f.value.Type() == reflect.TypeFor[time.Duration]() || kind == reflect.Int && !whole {
			return fault(f.key, "must be %s", wanted(f.value.Type()))
		}
	}
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: f.value.Addr().Interface(), WeaklyTypedInput: true,
		DecodeHook: mapstructure.StringToTimeDurationHookFunc(),
	})
	if err != nil {
		return err
	}
	if decoder.Decode(value) != nil { // its error quotes the value, which may be a secret
		return fault(f.key, "must be %s", wanted(f.value.Type()))
	}
	if f.keep != nil {
		f.keep()
	}
	return nil
}

// wanted says what a type takes.
func wanted(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "a duration with its unit, such as 20s, 500ms or 2m"
	}
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list, or text separated by commas"
	case reflect.Map:
		return "keys by name"
	default:
		return "text"
	}
}

// splitKeys reads "name:key,name:key".
func splitKeys(text string) (map[string]string, error) {
	keys := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, key, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok {
			return nil, errors.New("must look like 1:<key>,2:<key>")
		}
		if _, twice := keys[name]; twice {
			return nil, errors.New("names a key twice")
		}
		keys[name] = key
	}
	return keys, nil
}

// fault is one line about one setting: its key, its variable and what to do.
func fault(key, format string, args ...any) error {
	return fmt.Errorf("%s (%s) %w", key, envOf(key), fmt.Errorf(format, args...))
}
