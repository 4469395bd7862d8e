package house_test

import "slices"

// rule forbids imports. A pattern is a folder of this module ("internal/store"),
// a folder and all below it ("api/..."), everything of ours ("..."), the command
// itself ("."), or other people's code with a dot in its first part
// ("gorm.io/..."). Test files may import what they like.
type rule struct {
	from    []string // packages that the rule is about
	except  []string // but for these
	forbid  []string // what they must not import
	allow   []string // but for these
	because string
}

var (
	leaves = []string{"internal/money", "internal/id", "internal/fault", "internal/clock"}
	domain = []string{
		"internal/payment", "internal/ledger", "internal/event", "internal/merchant", "internal/card", "internal/vault", "internal/idempotency", "internal/notification", "internal/risk", "internal/recall", "internal/account", "internal/routing", "internal/customer", "internal/fx",
		"internal/webhook", "internal/webhook/dispatch",
	}
	frameworks = []string{
		"gorm.io/...", "github.com/gin-gonic/...", "go.temporal.io/...", "github.com/spf13/...", "github.com/stripe/...",
	}
	// edges know how the hub is started and configured, or stand outside of it.
	edges = []string{"config", "internal/app", "internal/cli", "internal/simulator/..."}
)

var rules = []rule{
	{
		from: leaves, forbid: []string{"..."},
		because: "leaves are what everything stands on; an import of ours here makes a circle sooner or later",
	},
	{
		from: domain, forbid: frameworks,
		because: "the domain is plain Go: databases, HTTP, Temporal and providers come to it through ports, so that its rules can be read and tested alone",
	},
	{
		from: domain, forbid: []string{"..."}, allow: join(leaves, domain),
		because: "the domain does not know who stores, serves or drives it",
	},
	{
		from: []string{"internal/fx/ecb"}, forbid: []string{"..."}, allow: []string{"internal/fx", "internal/money"},
		because: "a source of rates reads what somebody publishes; what becomes of a rate is decided in internal/fx",
	},
	{
		from: []string{"internal/webhook/post"}, forbid: []string{"..."}, allow: join(leaves, domain),
		because: "a sender makes the request that it is handed; which messages go where is decided in internal/webhook",
	},
	{
		from: []string{"..."}, except: []string{"internal/webhook/post"}, forbid: []string{"code.dny.dev/..."},
		because: "which addresses strangers may have us connect to is enforced in one dialer",
	},
	{
		from: []string{"internal/gateway"}, forbid: []string{"..."}, allow: join(leaves, domain),
		because: "the gateway port is what adapters are written against; it knows none of them, nor who calls it",
	},
	{
		from: []string{"internal/gateway/..."}, forbid: []string{"..."}, allow: join(leaves, domain, []string{"internal/gateway/..."}),
		because: "an adapter translates between the port and one provider; persistence, retries and HTTP of ours are other rooms' work",
	},
	{
		from: []string{"workflows"}, forbid: []string{"..."},
		allow:   join(leaves, domain, []string{"activities", "internal/temporal/attribute"}),
		because: "workflows are replayed: they hold names, typed stubs and serialisable state, and nothing that touches the world",
	},
	{
		from: []string{"workflows"}, forbid: []string{"gorm.io/...", "github.com/gin-gonic/...", "github.com/spf13/...", "github.com/stripe/...", "go.temporal.io/sdk/client"},
		because: "a workflow that could reach a database, a provider or a Temporal client would, one day, while it is replayed",
	},
	{
		from: []string{"activities"}, forbid: []string{"..."},
		allow:   join(leaves, domain, []string{"internal/gateway", "internal/telemetry/..."}),
		because: "activities act through ports: which database or provider stands behind one is decided in internal/app",
	},
	{
		from: []string{"worker"}, forbid: join(edges, []string{"api/...", "internal/store/...", "internal/gateway/..."}),
		because: "the worker registers workflows and activities that are handed to it; it makes none of their parts",
	},
	{
		from: []string{"api/..."}, forbid: join(edges, []string{
			"internal/store/...", "internal/temporal/...", "internal/gateway/...", "activities", "workflows", "worker",
			"go.temporal.io/...", "gorm.io/...", "github.com/stripe/...",
		}),
		because: "handlers talk to domain services; payments reach workflows through the domain's Orchestrator port alone",
	},
	{
		from: []string{"web/..."}, forbid: []string{"..."}, allow: join(leaves, domain, []string{"web/asset"}),
		because: "pages are drawn from values that are handed to them; what they show is decided and looked up in the API",
	},
	{
		from: []string{"internal/store/..."}, forbid: join(edges, []string{
			"api/...", "activities", "workflows", "worker", "internal/gateway/...", "internal/temporal/...",
			"go.temporal.io/...", "github.com/gin-gonic/...",
		}),
		because: "the store implements ports of the domain; who calls it is no concern of its",
	},
	{
		from: []string{"internal/temporal/..."}, forbid: join(edges, []string{"api/...", "internal/store/...", "internal/gateway/..."}),
		because: "the Temporal side carries commands and payloads; it neither serves nor stores payments",
	},
	{
		from: []string{"internal/simulator/..."}, forbid: []string{"..."}, allow: []string{"internal/simulator/..."},
		because: "the simulator is the independent witness of what was charged; sharing code with the hub would make it share the hub's mistakes",
	},
	{
		from: []string{"internal/country"}, forbid: []string{"..."},
		because: "it answers one question of a port out of tables, and knows nobody who asks",
	},
	{
		from: []string{"..."}, except: []string{"internal/routing"}, forbid: []string{"github.com/expr-lang/..."},
		because: "what merchants write is compiled in one place, which bounds what it may cost",
	},
	{
		from: []string{"..."}, except: []string{"internal/country"}, forbid: []string{"github.com/phuslu/..."},
		because: "where addresses are from is looked up in one place, which leaves out those that are from nowhere",
	},
	{
		from: []string{"config", "internal/telemetry/..."}, forbid: []string{"..."}, allow: []string{"internal/telemetry/..."},
		because: "configuration and telemetry are tools for everyone; they know nobody",
	},
	{
		from: []string{"..."}, except: []string{".", "internal/app", "internal/cli/..."}, forbid: []string{"config"},
		because: "every package takes its own Options; only the composition root and the command read the configuration",
	},
	{
		from: []string{"..."}, except: []string{".", "internal/cli/..."}, forbid: []string{"internal/app"},
		because: "the composition root is the last room built; whoever needs it from inside needs a port instead",
	},
	{
		from: []string{"..."}, except: []string{"."}, forbid: []string{"internal/cli/..."},
		because: "commands are called by people",
	},
	{
		from: []string{"..."}, except: []string{"internal/cli/..."}, forbid: []string{"internal/temporal/devserver"},
		because: "the embedded Temporal server brings 1,200 packages; only commands for development may start it",
	},
	{
		from: []string{"..."}, except: []string{"internal/app", "internal/cli/...", "internal/simulator/..."}, forbid: []string{"internal/simulator/..."},
		because: "there is no fake mode in the product: simulators are servers that the real adapters talk to",
	},
	{
		from: []string{"..."}, forbid: []string{"internal/interleave"},
		because: "its provider and its scheduler are for tests: whatever imports it outside of one would ship a fake",
	},
	{
		from: []string{"..."}, except: []string{"internal/gateway/stripe"}, forbid: []string{"github.com/stripe/..."},
		because: "a provider's SDK stays inside its adapter",
	},
	{
		from: []string{"..."}, except: []string{"internal/gateway/adyen"}, forbid: []string{"github.com/adyen/..."},
		because: "a provider's SDK stays inside its adapter",
	},
	{
		from: []string{"..."}, except: []string{"internal/gateway/mollie"}, forbid: []string{"github.com/VictorAvelar/..."},
		because: "a provider's SDK stays inside its adapter",
	},
	{
		from: []string{"..."}, except: []string{"internal/gateway/paypal"}, forbid: []string{"github.com/plutov/..."},
		because: "a provider's SDK stays inside its adapter",
	},
	{
		from: []string{"..."}, except: []string{"internal/routing"}, forbid: []string{"github.com/expr-lang/..."},
		because: "what a rule may say is decided in one place",
	},
	{
		from: []string{"..."}, except: []string{"internal/store/...", "internal/telemetry"}, forbid: []string{"gorm.io/..."},
		because: "GORM stays inside the store, so that transactions begin and end in one place",
	},
	{
		from: []string{"..."}, except: []string{"api/..."}, forbid: []string{"github.com/gin-gonic/..."},
		because: "Gin stays inside the API",
	},
	{
		from: []string{"..."}, except: []string{"config"}, forbid: []string{"github.com/spf13/viper"},
		because: "settings are read in one place and typed from there on",
	},
}

func join(lists ...[]string) []string { return slices.Concat(lists...) }
