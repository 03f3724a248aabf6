// Package sequential judges, while traffic moves to the target, whether the
// target serves worse than the source, in a way that stays valid however often
// and whenever somebody looks.
//
// It takes rounds: how many requests each side served in a stretch of time, and
// how many of them were bad (an error, or slower than a threshold). Within a
// round both sides had the same hour, the same weather and the same load, so
// only the odds ratio between them is judged, and a rate that goes up and down
// on both sides together is no finding. Of a round with b bad requests the
// number on the target follows Fisher's noncentral hypergeometric distribution,
// in which the rate itself does not occur (Fisher, The Design of Experiments;
// Mantel and Haenszel 1959 for the stratified form).
//
// Evidence is an e-value: a mixture of likelihood ratios that is a
// supermartingale with expectation 1 where the hypothesis holds, so that the
// chance that it ever reaches 1/alpha is at most alpha (Ville 1939; Ramdas et
// al., Game-Theoretic Statistics and Safe Anytime-Valid Inference, 2023).
//
// The package does no I/O and reads no clock. It does not decide what is done
// about a judgement: gates and rollback triggers of a runbook do.
package sequential
