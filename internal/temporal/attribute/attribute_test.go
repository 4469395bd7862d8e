package attribute_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"paymenthub/internal/temporal/attribute"
)

// Names and types are fixed once a cluster has registered them.
func TestTypes(t *testing.T) {
	require.Equal(t, map[string]enumspb.IndexedValueType{
		"MerchantId":    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"Environment":   enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"PaymentStatus": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"Gateway":       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"Currency":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"Amount":        enumspb.INDEXED_VALUE_TYPE_INT,
	}, attribute.Types())
}
