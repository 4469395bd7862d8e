// Package chassis is what a provider's simulator is built on: its own SQLite file,
// idempotency keys, webhooks, faults, the shopper's page, the /_sim surface, test
// cards and the witness record. A provider's package brings routes, objects,
// events and words.
//
//	type Simulator struct{ *chassis.Chassis }
//
//	func Open(o chassis.Options) (*Simulator, error) {
//		s := &Simulator{}
//		var err error
//		s.Chassis, err = chassis.Open(o, chassis.Provider{
//			Name: "acme", Money: []string{"pay", "refund"}, Lookups: []string{"retrieve"},
//			Account:        func(r *chassis.Request) (string, error) { … return chassis.AccountOf(key), nil },
//			WebhookAccount: func(c map[string]string) string { return chassis.AccountOf(c["api_key"]) },
//			Key:            func(r *chassis.Request) string { return r.Header.Get("Acme-Key") },
//			KeyInUse:       func(*chassis.Request) chassis.Answer { return chassis.JSON(409, …) },
//			KeyReused:      func(*chassis.Request) chassis.Answer { return chassis.JSON(422, …) },
//			ServerError:    func(status int) chassis.Answer { return chassis.JSON(status, …) },
//			Sign:           func(r *http.Request, d chassis.Delivery) { r.Header.Set("Acme-Signature", …) },
//			Perform: s.perform, Answered: s.answered, SettleRefund: s.settleRefund,
//		})
//		if err != nil {
//			return nil, err
//		}
//		s.Start() // webhooks and tasks
//		return s, nil
//	}
//
//	func (s *Simulator) Handler() http.Handler {
//		mux := http.NewServeMux()
//		mux.Handle("POST /payments", s.Write("pay", s.pay)) // faults hit "pay" and "*"
//		mux.Handle("GET /payments/{id}", s.Read("retrieve", s.retrieve))
//		s.Register(mux) // /_sim and the shopper's page
//		return mux
//	}
//
//	func (s *Simulator) pay(r *chassis.Request) (chassis.Effect, error) {
//		var body payRequest
//		if json.Unmarshal(r.Body, &body) != nil {
//			return nil, &chassis.Refusal{Answer: chassis.JSON(400, …)} // not kept under the key
//		}
//		card, err := s.ReadCard(body.Number, body.Month, body.Year, body.CVC)
//		if err != nil { … } // *chassis.CardError
//		return func(tx *chassis.Tx) (chassis.Answer, error) {
//			p := &payment{ID: chassis.NewID("pay_", chassis.Base32, 26), Card: card, …}
//			if card.Issuer.Challenge() {
//				p.URL, err = tx.OpenPage(p.ID, chassis.Page{Title: "Is this payment yours?", …})
//			}
//			err := errors.Join(
//				tx.Save(chassis.KindPayment, p.ID, p, "reference:"+p.Reference), // for chassis.Docs[payment](q, Listing{Ref: …})
//				tx.WitnessCharge(simulator.Charge{ID: p.ID, PaymentIntent: p.ID, IdempotencyKey: tx.Key, …}, false),
//				tx.Emit(chassis.Event{ID: …, Type: "paid", Body: chassis.Marshal(…)}),
//				tx.Later(chassis.Task{Kind: "settle", Object: p.ID}, tx.SettleAfter()),
//			)
//			return chassis.JSON(201, p.view()), err // kept under the key, a decline as well
//		}, nil
//	}
//
// What an effect, a task or a shopper's answer writes is written in one SQLite
// transaction with the answer that is kept, the events to be delivered and the
// witness's rows: a process that is killed leaves all of it or nothing.
//
// A provider keeps its payments, refunds and disputes as objects of KindPayment,
// KindRefund and KindDispute, since /_sim looks for those. Of a card it keeps what
// is in Card, and of a request nothing but what it needs: no number, no CVC.
// Amounts in the witness record are in minor units by ISO 4217.
package chassis
