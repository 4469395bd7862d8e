package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/id"
	"paymenthub/internal/notice"
)

// ListNotices is GET /v3/notices.
func (a *API) ListNotices(c *gin.Context) (any, error) {
	page, _, err := listQuery(c, id.Notice)
	if err != nil {
		return nil, err
	}
	rows, more, err := a.notices.ListNotices(c.Request.Context(), middleware.Scope(c), notice.Page(page.ofWebhooks()))
	if err != nil {
		return nil, err
	}
	return openapi.NoticeList{Object: listObject, Data: views(rows, noticeView), HasMore: more}, nil
}

func noticeView(n notice.Notice) openapi.Notice {
	return openapi.Notice{
		ID: n.ID, Object: openapi.NoticeObjectNotice, Kind: n.Kind, ObjectID: n.ObjectID, Text: n.Text,
		Environment: openapi.Environment(n.Scope.Environment), CreatedAt: utc(n.CreatedAt), MailedAt: moment(n.MailedAt),
	}
}
