package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/app"
	"paymenthub/internal/clock"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
)

func merchantCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "merchant", Short: "Manage merchants"}
	var name string
	create := &cobra.Command{
		Use: "create", Short: "Create a merchant and print its id", Args: cobra.NoArgs,
		Example: "  paymenthub merchant create --name 'Corner Shop'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onMerchants(cmd, func(ctx context.Context, repo merchant.Repository, _ *merchant.Keys) error {
				m := merchant.Merchant{ID: id.New(id.Merchant), Name: name, CreatedAt: clock.System{}.Now()}
				if err := repo.CreateMerchant(ctx, m); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), m.ID)
				return err
			})
		},
	}
	create.Flags().StringVar(&name, "name", "", "the merchant's name, as shoppers know it (required)")
	_ = create.MarkFlagRequired("name")
	stateFlags(create.Flags())
	cmd.AddCommand(create)
	return cmd
}

// onMerchants works on the merchants and keys of the configured database.
func onMerchants(cmd *cobra.Command, do func(context.Context, merchant.Repository, *merchant.Keys) error) error {
	c, _, err := existing(cmd)
	if err != nil {
		return err
	}
	var s *store.Store
	if s, err = app.OpenStore(cmd.Context(), c, zap.NewNop()); err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return do(cmd.Context(), s.Merchants(), merchant.NewKeys(s.Merchants(), clock.System{}))
}

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Manage API keys"}
	stateFlags(cmd.PersistentFlags())
	cmd.AddCommand(keyCreateCommand(), keyRotateCommand(), keyRevokeCommand(), keyListCommand())
	return cmd
}

func keyCreateCommand() *cobra.Command {
	var merchantID, environment, kind, name string
	var permissions []string
	cmd := &cobra.Command{
		Use: "create", Short: "Create an API key and print it, this once", Args: cobra.NoArgs,
		Example: "  paymenthub key create --merchant mch_… --environment sandbox --name 'web shop'\n" +
			"  paymenthub key create --merchant mch_… --environment live --permission payments:read",
		RunE: func(cmd *cobra.Command, _ []string) error {
			wanted, err := parsePermissions(permissions)
			if err != nil {
				return err
			}
			if kind != string(merchant.SecretKey) && kind != string(merchant.PublishableKey) {
				return fmt.Errorf("--kind must be secret or publishable")
			}
			return onMerchants(cmd, func(ctx context.Context, _ merchant.Repository, keys *merchant.Keys) error {
				scope := merchant.Scope{MerchantID: merchantID, Environment: merchant.Environment(environment)}
				key, clear, err := keys.Create(ctx, scope, merchant.KeyKind(kind), name, wanted)
				return printKey(cmd, key, clear, err)
			})
		},
	}
	cmd.Flags().StringVar(&merchantID, "merchant", "", "the merchant's id (required)")
	cmd.Flags().StringVar(&environment, "environment", string(merchant.Sandbox), "sandbox or live")
	cmd.Flags().StringVar(&kind, "kind", string(merchant.SecretKey), "secret or publishable")
	cmd.Flags().StringVar(&name, "name", "", "what the key is for")
	cmd.Flags().StringSliceVar(&permissions, "permission", nil, "what the key may do; default: all that its kind may")
	_ = cmd.MarkFlagRequired("merchant")
	return cmd
}

func parsePermissions(names []string) ([]merchant.Permission, error) {
	var wanted []merchant.Permission
	for _, name := range names {
		known := false
		for _, p := range merchant.Permissions {
			known = known || string(p) == name
		}
		if !known {
			return nil, fmt.Errorf("there is no permission %q; there are %v", name, merchant.Permissions)
		}
		wanted = append(wanted, merchant.Permission(name))
	}
	return wanted, nil
}

func printKey(cmd *cobra.Command, key merchant.Key, clear string, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", key.ID, clear)
	return err
}

func keyRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate KEY_ID", Short: "Replace a key; the old one stays valid for 24 h", Args: cobra.ExactArgs(1),
		Example: "  paymenthub key rotate key_…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return onMerchants(cmd, func(ctx context.Context, _ merchant.Repository, keys *merchant.Keys) error {
				key, clear, err := keys.Rotate(ctx, args[0])
				return printKey(cmd, key, clear, err)
			})
		},
	}
}

func keyRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY_ID", Short: "End a key at once (running hubs notice within 5 s)", Args: cobra.ExactArgs(1),
		Example: "  paymenthub key revoke key_…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return onMerchants(cmd, func(ctx context.Context, _ merchant.Repository, keys *merchant.Keys) error {
				return keys.Revoke(ctx, args[0])
			})
		},
	}
}

func keyListCommand() *cobra.Command {
	var merchantID string
	cmd := &cobra.Command{
		Use: "list", Short: "List a merchant's keys", Args: cobra.NoArgs,
		Example: "  paymenthub key list --merchant mch_…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onMerchants(cmd, func(ctx context.Context, _ merchant.Repository, keys *merchant.Keys) error {
				all, err := keys.List(ctx, merchantID)
				if err != nil {
					return err
				}
				for _, k := range all {
					if _, err := fmt.Fprintln(cmd.OutOrStdout(), describeKey(k, time.Now())); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&merchantID, "merchant", "", "the merchant's id (required)")
	_ = cmd.MarkFlagRequired("merchant")
	return cmd
}

func describeKey(k merchant.Key, now time.Time) string {
	state := "valid"
	switch {
	case !k.RevokedAt.IsZero():
		state = "revoked " + k.RevokedAt.Format(time.DateTime)
	case !k.UsableAt(now):
		state = "ended " + k.ExpiresAt.Format(time.DateTime)
	case !k.ExpiresAt.IsZero():
		state = "valid until " + k.ExpiresAt.Format(time.DateTime)
	}
	used := "never used"
	if !k.LastUsedAt.IsZero() {
		used = "used " + k.LastUsedAt.Format(time.DateTime)
	}
	permissions := make([]string, len(k.Permissions))
	for i, p := range k.Permissions {
		permissions[i] = string(p)
	}
	return fmt.Sprintf("%s  %s…  %-11s  %s, %s  %s  %q", k.ID, k.Prefix, k.Kind, state, used, strings.Join(permissions, ","), k.Name)
}
