package chaos

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func printed(t *testing.T, p Plan) string {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, p.Print(&text))
	return text.String()
}

func TestPlanDependsOnItsArgumentsAlone(t *testing.T) {
	for seed := range uint64(50) {
		require.Equal(t, New(seed, 60, SQLite), New(seed, 60, SQLite))
	}
	first := printed(t, New(1, 60, SQLite))
	require.Equal(t, first, printed(t, New(1, 60, SQLite)))
	for _, other := range []Plan{New(2, 60, SQLite), New(1, 61, SQLite), New(1, 60, Postgres)} {
		require.NotEqual(t, first, printed(t, other))
	}
}

func TestPlansCanBeCarriedOut(t *testing.T) {
	acts, faults, told := map[Act]int{}, map[FaultKind]int{}, map[string]int{}
	for seed := range uint64(300) {
		for _, database := range []Database{SQLite, Postgres} {
			p := New(seed, 60, database)
			require.GreaterOrEqual(t, len(p.Steps), 60)
			require.LessOrEqual(t, len(p.Steps), 64, "a stage is not cut in two")
			made, heavyFaults := map[int]bool{}, 0
			for i, s := range p.Steps {
				require.NotEqual(t, s.Operation == nil, s.Fault == nil, "seed %d, step %d is one of both", seed, i)
				if f := s.Fault; f != nil {
					faults[f.Kind]++
					require.Less(t, f.OnStep, i)
					if f.OnStep > 0 {
						require.NotNil(t, p.Steps[f.OnStep].Operation)
					}
					if f.Kind == FaultDatabaseCrash || f.Kind == FaultDatabaseRestart {
						require.Equal(t, Postgres, database, "SQLite has no server")
					}
					if f.Kind != FaultProvider && f.Kind != FaultLookUp && f.Kind != FaultWebhooks {
						heavyFaults++
					}
					continue
				}
				o := *s.Operation
				acts[o.Act]++
				if o.Act.makes() {
					made[o.Payment] = true
					told[p.Payments[o.Payment].Story]++
				} else if o.Act != ActList {
					require.True(t, made[o.Payment], "seed %d, step %d is about a payment that is there", seed, i)
					require.NotEmpty(t, o.Needs)
				}
				if o.Act.confirms() {
					require.NotEmpty(t, numbers[o.Card], o.Card)
				}
				for _, before := range o.Needs {
					require.Less(t, before, i)
					require.NotNil(t, p.Steps[before].Operation)
				}
			}
			require.LessOrEqual(t, heavyFaults, 5, "each costs a second or more")
		}
	}
	require.Len(t, acts, 9, "%v", acts)
	require.Len(t, faults, len(light)+len(heavy), "%v", faults)
	require.Len(t, told, len(stories), "%v", told)
}

func TestPlanIsPrintedWithoutCardNumbers(t *testing.T) {
	for seed := range uint64(50) {
		text := printed(t, New(seed, 60, Postgres))
		for _, number := range numbers {
			require.NotContains(t, text, number)
		}
	}
}
