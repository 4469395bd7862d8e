package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/app"
	"paymenthub/internal/store"
)

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database's tables up or down, or say where they are"}
	stateFlags(cmd.PersistentFlags())
	var steps int
	down := &cobra.Command{
		Use: "down", Short: "Take the last migrations back (their data is lost)", Args: cobra.NoArgs,
		Example: "  paymenthub migrate down --steps 1 --database-url postgres://…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onStore(cmd, func(ctx context.Context, s *store.Store) error { return s.MigrateDown(ctx, steps) })
		},
	}
	down.Flags().IntVar(&steps, "steps", 1, "how many migrations to take back")
	cmd.AddCommand(&cobra.Command{
		Use: "up", Short: "Apply what is not applied yet", Args: cobra.NoArgs,
		Example: "  paymenthub migrate up --database-url postgres://…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onStore(cmd, func(ctx context.Context, s *store.Store) error { return s.Migrate(ctx) })
		},
	}, down, &cobra.Command{
		Use: "status", Short: "List migrations and when they were applied", Args: cobra.NoArgs,
		Example: "  paymenthub migrate status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onStore(cmd, func(context.Context, *store.Store) error { return nil })
		},
	})
	return cmd
}

// onStore works on the database and then prints where its migrations are.
func onStore(cmd *cobra.Command, do func(context.Context, *store.Store) error) error {
	c, dir, err := load(cmd)
	if err != nil {
		return err
	}
	if c.Database.URL == "" {
		if err := os.MkdirAll(dir.Path(), 0o700); err != nil {
			return err
		}
	}
	s, err := app.OpenStore(cmd.Context(), c, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := do(cmd.Context(), s); err != nil {
		return err
	}
	all, err := s.MigrationStatus(cmd.Context())
	if err != nil {
		return err
	}
	for _, m := range all {
		state := "not applied"
		if !m.AppliedAt.IsZero() {
			state = "applied " + m.AppliedAt.Format("2006-01-02 15:04:05")
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-40s %s\n", m.Name, state); err != nil {
			return err
		}
	}
	return nil
}
