//! What was earned, and claiming it.

use super::{
	super::{amount, line, show},
	plan::{self, Context, How, Plan, Step},
};
use crate::{
	chain::{self, AccountId, Call, DelegationView, OperatorView},
	Error,
};
use serde_json::{json, Value};

/// Shows or claims what the signer has earned with an operator, or as one.
pub(super) async fn run(
	context: &Context,
	operator: Option<&AccountId>,
	claim: bool,
	how: How,
) -> Result<(), Error> {
	let operator = operator.copied().unwrap_or(context.account);
	let (chain, best) = (&context.chain, context.best);
	let view = chain.operator(best, &operator).await?;
	let delegation = if operator == context.account {
		None
	} else {
		chain.delegation(best, &operator, &context.account).await?
	};
	let waiting = match (&view, &delegation) {
		(Some(view), None) if operator == context.account => view.rewards,
		(_, Some(delegation)) => delegation.rewards,
		_ => {
			let account = context.account;
			return Err(chain::Error::NotFound(format!(
				"operator {operator} with a delegation of {account}"
			))
			.into());
		}
	};
	if claim {
		return plan::perform(
			context,
			claiming(operator, waiting, view.as_ref(), delegation.as_ref()),
			how,
		)
		.await;
	}
	if how.json {
		show(&as_json(&operator, waiting, delegation.as_ref()));
	} else {
		line(as_text(&operator, waiting, delegation.as_ref()));
	}
	Ok(())
}

/// The plan of a claim.
fn claiming(
	operator: AccountId,
	waiting: u128,
	view: Option<&OperatorView>,
	delegation: Option<&DelegationView>,
) -> Plan {
	if waiting == 0 {
		return Plan::nothing("no rewards are waiting; those of a session come with its end");
	}
	let to = match (delegation, view) {
		(None, Some(view)) => format!("the payout account {}", view.payout),
		_ => "the signer".into(),
	};
	let effect = format!("pays {} ASY to {to}", amount(waiting));
	Step::new(Call::ClaimRewards { operator }, effect).into()
}

fn as_json(operator: &AccountId, waiting: u128, delegation: Option<&DelegationView>) -> Value {
	json!({
		"operator": operator.to_string(),
		"rewards_asy": amount(waiting),
		"delegation": delegation.map(|delegation| json!({
			"active_asy": amount(delegation.active),
			"joining_asy": amount(delegation.joining),
			"leaving_asy": amount(delegation.leaving),
			"withdrawable_asy": amount(delegation.withdrawable),
			"next_due_block": delegation.next_due,
		})),
	})
}

fn as_text(operator: &AccountId, waiting: u128, delegation: Option<&DelegationView>) -> String {
	let stake = delegation.map(|delegation| {
		format!(
			"\nstake    {} ASY delegated, of which {} do not earn yet\nleaving  {} ASY, of \
			 which {} can be withdrawn",
			amount(delegation.active),
			amount(delegation.joining),
			amount(delegation.leaving),
			amount(delegation.withdrawable)
		)
	});
	format!(
		"operator {operator}{}\nrewards  {} ASY; --claim pays them out",
		stake.unwrap_or_default(),
		amount(waiting)
	)
}

#[cfg(test)]
mod tests {
	use super::{
		super::bond::tests::{view, ASY},
		*,
	};

	#[test]
	fn claim_should_do_nothing_when_no_rewards_wait() {
		let operator = AccountId::from([1; 32]);
		assert!(matches!(claiming(operator, 0, Some(&view()), None), Plan::Nothing { .. }));
	}

	#[test]
	fn claim_should_say_where_rewards_go() {
		let operator = AccountId::from([1; 32]);
		let effect = |delegation: Option<&DelegationView>| match claiming(
			operator,
			3 * ASY,
			Some(&view()),
			delegation,
		) {
			Plan::Do(step) => step.effect,
			Plan::Nothing { because, .. } => because,
		};
		assert_eq!(effect(None), format!("pays 3 ASY to the payout account {}", view().payout));
		assert_eq!(effect(Some(&DelegationView::default())), "pays 3 ASY to the signer");
	}

	#[test]
	fn delegation_should_be_shown_with_its_rewards() {
		let delegation = DelegationView {
			active: 5 * ASY,
			joining: ASY,
			leaving: 2 * ASY,
			withdrawable: ASY,
			next_due: Some(9),
			rewards: ASY,
		};
		let operator = AccountId::from([1; 32]);
		let text = as_text(&operator, ASY, Some(&delegation));
		assert!(text.contains("5 ASY delegated, of which 1 do not earn yet"), "{text}");
		assert!(text.contains("2 ASY, of which 1 can be withdrawn"), "{text}");
		let value = as_json(&operator, ASY, Some(&delegation));
		assert_eq!(value["delegation"]["next_due_block"], 9);
		assert_eq!(value["rewards_asy"], "1");
	}
}
