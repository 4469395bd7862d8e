//go:build !slim

package devserver

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/primitives"
	"go.uber.org/zap"
)

const (
	defaultNamespace = "default"
	defaultRetention = 30 * 24 * time.Hour

	// minShards keeps an ordinary start at about 10 ms; with one shard it is 50 ms.
	minShards = 4
)

const (
	clusterName = "active" // written into every database file; never change it

	executionStore  = "executions"
	visibilityStore = "visibility"

	// unlimited is high enough for one machine never to reach, and low enough for
	// the server to multiply it with burst ratios.
	unlimited = 1_000_000
)

func (o Options) withDefaults() (Options, error) {
	if o.Namespace == "" {
		o.Namespace = defaultNamespace
	}
	if o.Shards == 0 {
		o.Shards = minShards
	}
	if o.Retention == 0 {
		o.Retention = defaultRetention
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	var faults []error
	if o.Shards < minShards {
		faults = append(faults, fmt.Errorf("embedded Temporal needs at least %d history shards, not %d", minShards, o.Shards))
	}
	if o.Retention < time.Hour {
		faults = append(faults, fmt.Errorf("embedded Temporal retains workflows for at least 1 h, not %s", o.Retention))
	}
	return o, errors.Join(faults...)
}

func serverConfig(o Options, databases stores, services serviceEndpoints) *config.Config {
	frontend := services[primitives.FrontendService]
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     executionStore,
			VisibilityStore:  visibilityStore,
			NumHistoryShards: int32(o.Shards),
			DataStores: map[string]config.DataStore{
				executionStore:  {SQL: databases.executions},
				visibilityStore: {SQL: databases.visibility},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend.String()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: frontend.String()},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: config.ArchivalDisabled},
		}},
		Services: make(map[string]config.Service, len(services)),
	}
	for name, address := range services {
		cfg.Services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: address.port, BindOnIP: address.ip}}
	}
	return cfg
}

// dynamicConfig lifts the limits that protect a shared cluster from its tenants,
// and drops upkeep that one machine has no use for.
func dynamicConfig() dynamicconfig.Client {
	return dynamicconfig.StaticClient{
		dynamicconfig.EnableEagerWorkflowStart.Key(): true,

		dynamicconfig.FrontendRPS.Key():                                         unlimited,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                  unlimited,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():        unlimited,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key(): unlimited,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                           unlimited,
		dynamicconfig.HistoryRPS.Key():                                          unlimited,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                            unlimited,
		dynamicconfig.MatchingRPS.Key():                                         unlimited,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                           unlimited,
		dynamicconfig.WorkerPersistenceMaxQPS.Key():                             unlimited,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():                     unlimited,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key():                    unlimited,

		// One host matches all tasks: more partitions would forward to themselves.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// No calls home, and no nightly scans of a developer's database.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
		dynamicconfig.TaskQueueScannerEnabled.Key():  false,
		dynamicconfig.HistoryScannerEnabled.Key():    false,

		// Workflows may be started again under an id at once (repeated refunds).
		dynamicconfig.WorkflowIdReuseMinimalInterval.Key(): time.Duration(0),
	}
}
