package operations

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/consumption/2024-08-01/budgets"
)

const budgetKind cloud.Kind = "Microsoft.Consumption/budgets"

func budgetRules() []design.Rule {
	return []design.Rule{{Name: "budgets/budget", Kinds: []cloud.Kind{"AWS::Budgets::Budget"}, Stage: design.Operations, Source: "Microsoft Learn, Tutorial: Create and manage budgets", Targets: []cloud.Kind{budgetKind}, Apply: budget}}
}

func budget(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("Budget", "NotificationsWithSubscribers", "ResourceTags")
	b := r.Properties["Budget"]
	kind := design.Text(b, "BudgetType")
	amount, ok := design.Number(b, "BudgetLimit.Amount")
	grain := map[string]budgets.TimeGrainType{"MONTHLY": budgets.TimeGrainTypeMonthly, "QUARTERLY": budgets.TimeGrainTypeQuarterly, "ANNUALLY": budgets.TimeGrainTypeAnnually}[strings.ToUpper(design.Text(b, "TimeUnit"))]
	if kind != "COST" || !ok || grain == "" {
		s.Gap("budget.kind", "BudgetType="+kind+" TimeUnit="+design.Text(b, "TimeUnit"))
		s.Decide(design.Manual, common.Redesign, "budgets of Azure are amounts of money by month, quarter or year; %s is %s by %s", r.Name, common.Shown(kind), common.Shown(design.Text(b, "TimeUnit")))
		s.Do("watch by an alert on a metric what %s watches", r.Name)
		return s.Done()
	}
	name := design.Text(b, "BudgetName")
	if name == "" || common.Unresolved(name) {
		name = r.Name
	}
	notes := map[string]budgets.Notification{}
	group := []string{string(common.ActionGroup(c))}
	for i, n := range s.Maps("NotificationsWithSubscribers") {
		threshold := design.Int(n, "Notification.Threshold", 100)
		if design.Text(n, "Notification.ThresholdType") == "ABSOLUTE_VALUE" && amount > 0 {
			threshold = int(float64(threshold) * 100 / amount)
		}
		actual := budgets.ThresholdTypeActual
		if design.Text(n, "Notification.NotificationType") == "FORECASTED" {
			actual = budgets.ThresholdTypeForecasted
		}
		mails := []string{}
		for _, who := range design.Maps(n["Subscribers"]) {
			if address := design.Text(who, "Address"); design.Text(who, "SubscriptionType") == "EMAIL" && address != "" && !common.Unresolved(address) {
				mails = append(mails, address)
			}
		}
		if len(notes) == 5 {
			s.Gap("budget.notes", common.Count(len(s.Maps("NotificationsWithSubscribers")), "notification"))
			break
		}
		notes[fmt.Sprintf("at-%d-%d", threshold, i+1)] = budgets.Notification{Enabled: true, Operator: budgets.OperatorTypeGreaterThanOrEqualTo, Threshold: float64(min(max(threshold, 1), 1000)), ThresholdType: new(actual), ContactEmails: mails, ContactGroups: &group}
	}
	start := c.Parameter(design.Parameter{Name: "budgetStart", Description: "First day of the month in which budgets begin, as 2026-01-01T00:00:00Z"})
	c.Put(design.Target{Type: budgetKind, Base: name, NoLocation: true, Model: budgets.Budget{Properties: &budgets.BudgetProperties{
		Amount: amount, Category: budgets.CategoryTypeCost, TimeGrain: grain, TimePeriod: budgets.BudgetTimePeriod{StartDate: start}, Notifications: &notes,
	}}}, r)
	for _, f := range []string{"CostFilters", "FilterExpression", "PlannedBudgetLimits", "AutoAdjustData", "CostTypes"} {
		if design.At(b, f) != nil {
			s.Gap("budget.filter", f+"="+common.Shown(design.At(b, f)))
		}
	}
	s.Decide(design.Migrate, common.NamedGaps, "%s allows %s %s; a budget of the resource group watches the same amount", name, common.Words(design.Text(b, "BudgetLimit.Amount"), design.Text(b, "BudgetLimit.Unit")), strings.ToLower(design.Text(b, "TimeUnit")))
	s.Do("raise %s while both sides run, or it will warn of the copy", name)
	return s.Done()
}
