//go:build !slim

package devserver

import (
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/resolver"
)

// unusedIndexes are indexes of the search database that nothing here queries by.
// The schema has 58 and every workflow writes each of them twice; without these
// workflows run about a sixth faster. Queries by their columns still work, by
// reading the table. Kept are those the UI uses and those of keyword and integer
// attributes.
var unusedIndexes = []string{
	"by_history_length",
	"by_history_size_bytes",
	"by_execution_duration",
	"by_state_transition_count",
	"by_parent_run_id",
	"by_root_run_id",
	"by_batcher_user",
	"by_temporal_scheduled_start_time",
	"by_temporal_scheduled_by_id",
	"by_temporal_schedule_paused",
	"by_temporal_pause_info",
	"by_temporal_worker_deployment_version",
	"by_temporal_workflow_versioning_behavior",
	"by_temporal_worker_deployment",
	"by_bool_01",
	"by_bool_02",
	"by_bool_03",
	"by_datetime_01",
	"by_datetime_02",
	"by_datetime_03",
	"by_double_01",
	"by_double_02",
	"by_double_03",
	"by_temporal_bool_01",
	"by_temporal_bool_02",
	"by_temporal_datetime_01",
	"by_temporal_datetime_02",
	"by_temporal_double_01",
	"by_temporal_double_02",
	"by_temporal_int_01",
	"by_temporal_int_02",
	"by_temporal_keyword_01",
	"by_temporal_keyword_02",
	"by_temporal_keyword_03",
	"by_temporal_keyword_04",
	"by_temporal_low_cardinality_keyword_01",
}

// dropIndexes removes indexes from a database made a moment ago.
func dropIndexes(db *config.SQL, names []string) error {
	if len(names) == 0 {
		return nil
	}
	admin, err := sql.NewSQLAdminDB(sqlplugin.DbKindUnknown, db, resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	for _, name := range names {
		if err := admin.Exec("DROP INDEX " + name); err != nil {
			return err
		}
	}
	return nil
}
