package stripe

// Evidence in uncategorized_text that decides a dispute at once, as in Stripe's
// sandboxes: https://docs.stripe.com/testing#evidence
const (
	winningEvidence = "winning_evidence"
	losingEvidence  = "losing_evidence"
)

const maxEvidence = 20_000 // characters, for each field

func getDispute(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "disputes", "du_", id)
	if err == nil && doc == nil {
		err = missing("dispute", id, "id")
	}
	if err != nil {
		return nil, err
	}
	return c.expand.apply(q, c.account, doc)
}

func listDisputes(c *call, q querier) ([]byte, error) {
	l := listing{table: "disputes", prefix: "du_", url: "/v1/disputes"}
	return c.list(q, c.filtered(c.filtered(l, "charge", "charge"), "payment_intent", "intent"))
}

// loadDispute finds the dispute that the address names.
func (tx *transaction) loadDispute(id string) (*dispute, error) {
	d, ok, err := object[dispute](tx, tx.call.account, "disputes", "du_", id)
	if err == nil && !ok {
		err = missing("dispute", id, "id")
	}
	return d, err
}

// updateDispute is the merchant's answer. Evidence is submitted with the request
// that brings it, unless that says submit=false.
func updateDispute(c *call) (effect, error) {
	f := c.form
	evidence := map[string]*string{}
	for _, name := range evidenceFields {
		if param := "evidence[" + name + "]"; f.has(param) {
			evidence[name] = f.limited(param, maxEvidence)
		}
	}
	submit := f.choice("submit", "", "true", "false")
	f.metadata(nil)
	return func(tx *transaction) ([]byte, error) {
		d, err := tx.loadDispute(c.r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		submits := submit == "true" || submit == "" && len(evidence) > 0
		if (submits || len(evidence) > 0) && d.Status != needsResponse && d.Status != warningNeedsResponse {
			e := invalid("", "", "Evidence cannot be given for a dispute with a status of %s.", d.Status)
			e.executed = true
			return nil, e
		}
		if f.hasMetadata() {
			d.Metadata = f.metadata(d.Metadata)
		}
		for name, value := range evidence {
			d.Evidence[name] = value
		}
		d.EvidenceDetails.HasEvidence = false
		for _, value := range d.Evidence {
			d.EvidenceDetails.HasEvidence = d.EvidenceDetails.HasEvidence || value != nil
		}
		if submits {
			return tx.submitEvidence(d)
		}
		doc, err := tx.updateDispute(d)
		tx.emit("charge.dispute.updated", doc)
		return doc, err
	}, nil
}

// submitEvidence sends the evidence to the issuer, who decides some of it at once.
func (tx *transaction) submitEvidence(d *dispute) ([]byte, error) {
	review, won, lost := underReview, disputeWon, disputeLost
	if d.inquiry() {
		review, won, lost = warningUnderReview, warningClosed, warningClosed
	}
	d.EvidenceDetails.SubmissionCount++
	doc, err := tx.move(d, review)
	text := d.Evidence["uncategorized_text"]
	if err != nil || text == nil {
		return doc, err
	}
	switch *text {
	case winningEvidence:
		return tx.move(d, won)
	case losingEvidence:
		return tx.move(d, lost)
	default:
		return doc, nil
	}
}

// closeDispute is the merchant's giving in.
func closeDispute(c *call) (effect, error) {
	return func(tx *transaction) ([]byte, error) {
		d, err := tx.loadDispute(c.r.PathValue("id"))
		switch {
		case err != nil:
			return nil, err
		case !d.open():
			e := invalid("", "", "This dispute is already closed.")
			e.executed = true
			return nil, e
		case d.inquiry():
			return tx.move(d, warningClosed)
		default:
			return tx.move(d, disputeLost)
		}
	}, nil
}
