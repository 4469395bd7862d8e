package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"paymenthub/config"
	"paymenthub/internal/datadir"
	"paymenthub/internal/temporal/attribute"
	"paymenthub/internal/temporal/devserver"
)

func temporalCommand() *cobra.Command {
	var temporal temporalOptions
	cmd := &cobra.Command{
		Use: "temporal", Short: "Run the embedded Temporal server alone", Args: cobra.NoArgs,
		Long: `Run the embedded Temporal server alone, for hubs on this machine that are to be
started and stopped beside it. For development: production uses a Temporal cluster.`,
		Example: "  paymenthub temporal --data-dir /tmp/hub\n  paymenthub serve --data-dir /tmp/hub --temporal-address 127.0.0.1:7233",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, dir, err := loadOver(cmd, config.Default())
			if err != nil {
				return err
			}
			if err := dir.Create(); err != nil {
				return err
			}
			log, err := logger(c, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			server, err := devserver.Start(cmd.Context(), devserver.Options{
				DataFile: dir.TemporalDatabase(), Address: temporal.address, UIAddress: temporal.uiAddress,
				Namespace: c.Temporal.Namespace, SearchAttributes: attribute.Types(), Logger: log,
			})
			if err != nil {
				return err
			}
			defer server.Stop()
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "Temporal: %s\n", server.Address()); err != nil {
				return err
			}
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().String("data-dir", datadir.Default, "folder of its data file, temporal.db")
	temporalFlags(cmd.Flags(), &temporal)
	return cmd
}
