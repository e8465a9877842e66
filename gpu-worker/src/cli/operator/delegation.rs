//! Stake that others add to an operator's.

use super::{
	super::amount,
	bond::{difference, nothing_due, withdrawable_after},
	plan::{Context, Plan, Step},
};
use crate::{
	chain::{AccountId, Call, DelegationView, OperatorView, Terms},
	Error,
};

/// Differences to a total below this, a millionth of an ASY, come from rounding.
const DUST: u128 = 1_000_000;

/// By how much a delegation has to grow or shrink; see [`difference`].
fn change(delegation: &DelegationView, wanted: u128, to: bool, upwards: bool) -> u128 {
	let change = difference(delegation.active, wanted, to, upwards);
	if to && change < DUST {
		0
	} else {
		change
	}
}

async fn look(
	context: &Context,
	operator: &AccountId,
) -> Result<(Option<OperatorView>, DelegationView), Error> {
	let (chain, best) = (&context.chain, context.best);
	let view = chain.operator(best, operator).await?;
	let delegation = chain.delegation(best, operator, &context.account).await?;
	Ok((view, delegation.unwrap_or_default()))
}

pub(super) async fn settle(
	context: &Context,
	operator: AccountId,
	delegator: AccountId,
) -> Result<Plan, Error> {
	let (chain, best) = (&context.chain, context.best);
	let Some(delegation) = chain.delegation(best, &operator, &delegator).await? else {
		return Ok(Plan::nothing(format!("{delegator} has nothing with {operator}")));
	};
	let retiring = chain.operator(best, &operator).await?.is_some_and(|view| view.retiring);
	let stake = amount(delegation.active.saturating_add(delegation.leaving));
	let effect = format!(
		"pays {delegator} {stake} ASY of stake and {} ASY of rewards",
		amount(delegation.rewards)
	);
	let refusal = (!retiring).then(|| {
		format!("{operator} does not retire: let {delegator} undelegate, wait and withdraw")
	});
	Ok(Step::new(Call::SettleDelegation { operator, delegator }, effect).unless(refusal).into())
}

pub(super) async fn delegate(
	context: &Context,
	operator: AccountId,
	wanted: u128,
	to: bool,
) -> Result<Plan, Error> {
	let (view, delegation) = look(context, &operator).await?;
	let more = change(&delegation, wanted, to, true);
	if more == 0 {
		return Ok(Plan::nothing(delegated(&delegation, &operator)));
	}
	let least = context.terms.minimum_delegation;
	let refusal =
		not_delegable(view.as_ref(), &operator, &context.account, &delegation, more, least);
	let effect =
		format!("adds {} ASY to the stake of {operator}; slashes reach them at once", amount(more));
	let step = Step::new(Call::Delegate { operator, amount: more }, effect).holding(more);
	Ok(step.later("earns from the next session but one").unless(refusal).into())
}

fn delegated(delegation: &DelegationView, operator: &AccountId) -> String {
	format!("{} ASY are delegated to {operator}", amount(delegation.active))
}

/// Why an operator takes no such delegation, if it does not.
fn not_delegable(
	view: Option<&OperatorView>,
	operator: &AccountId,
	delegator: &AccountId,
	delegation: &DelegationView,
	more: u128,
	least: u128,
) -> Option<String> {
	let Some(view) = view else {
		return Some(format!("{operator} is no operator: check the address"));
	};
	if operator == delegator {
		return Some("this is the operator itself: use `assay operator bond`".into());
	}
	if view.retiring {
		return Some("the operator retires: choose another one".into());
	}
	if view.escrowed_delegated > 0 {
		return Some(
			"stake of its delegators is in escrow: wait until its convictions are final, or choose \
			 another operator"
				.into(),
		);
	}
	let sum = delegation.active.saturating_add(more);
	(sum < least).then(|| {
		format!(
			"a delegation has to be at least {} ASY: add {} ASY more",
			amount(least),
			amount(least.saturating_sub(sum))
		)
	})
}

pub(super) async fn undelegate(
	context: &Context,
	operator: AccountId,
	wanted: u128,
	to: bool,
) -> Result<Plan, Error> {
	let (_, delegation) = look(context, &operator).await?;
	let less = change(&delegation, wanted, to, false);
	if less == 0 || delegation.active == 0 {
		return Ok(Plan::nothing(delegated(&delegation, &operator)));
	}
	let effect = departure(&delegation, less, &context.terms);
	let step = Step::new(Call::Undelegate { operator, amount: less }, effect);
	Ok(step.later(withdrawable_after(&context.terms)).into())
}

/// What becomes of a delegation from which something is taken.
fn departure(delegation: &DelegationView, less: u128, terms: &Terms) -> String {
	let less = taken(delegation, less, terms);
	let rest = match delegation.active.saturating_sub(less) {
		0 => "nothing stays".to_string(),
		rest => format!("{} ASY stay", amount(rest)),
	};
	format!(
		"takes {} ASY from the delegation, {rest}; what is taken earns nothing from now on and can \
		 be slashed until it is withdrawn",
		amount(less)
	)
}

/// What is really taken: everything when less than the minimum would stay.
fn taken(delegation: &DelegationView, less: u128, terms: &Terms) -> u128 {
	if delegation.active.saturating_sub(less) < terms.minimum_delegation {
		delegation.active
	} else {
		less
	}
}

pub(super) async fn withdraw(context: &Context, operator: AccountId) -> Result<Plan, Error> {
	let (_, delegation) = look(context, &operator).await?;
	if delegation.withdrawable == 0 {
		return Ok(Plan::nothing(nothing_due(delegation.next_due)));
	}
	let effect = withdrawal(&delegation);
	Ok(Step::new(Call::WithdrawDelegation { operator }, effect).into())
}

/// What comes back: with the last of the stake also what it has earned.
fn withdrawal(delegation: &DelegationView) -> String {
	let returned = amount(delegation.withdrawable);
	let ends = delegation.active == 0 && delegation.leaving == delegation.withdrawable;
	match delegation.rewards {
		earned if ends && earned > 0 => {
			format!("returns {returned} ASY, pays {} ASY of rewards and ends there", amount(earned))
		}
		_ => format!("returns {returned} ASY"),
	}
}

pub(super) async fn redelegate(
	context: &Context,
	from: AccountId,
	to: AccountId,
	wanted: u128,
) -> Result<Plan, Error> {
	let (source, delegation) = look(context, &from).await?;
	let (target, there) = look(context, &to).await?;
	if delegation.active == 0 && there.active > 0 {
		return Ok(Plan::nothing(format!(
			"nothing is delegated to {from}, and {}",
			delegated(&there, &to)
		)));
	}
	let least = context.terms.minimum_delegation;
	let moved = taken(&delegation, wanted, &context.terms);
	let refusal = nothing_there(&delegation, &from)
		.or_else(|| bound(source.as_ref()))
		.or_else(|| not_delegable(target.as_ref(), &to, &context.account, &there, moved, least));
	let effect = format!("moves {} ASY from {from} to {to}", amount(moved));
	let step = Step::new(Call::Redelegate { from, to, amount: wanted }, effect);
	Ok(step.later("at once; earns there from the next session but one").unless(refusal).into())
}

fn nothing_there(delegation: &DelegationView, from: &AccountId) -> Option<String> {
	(delegation.active == 0)
		.then(|| format!("nothing is delegated to {from}: name the operator that has your stake"))
}

/// Why stake cannot leave an operator without waiting, if it cannot.
fn bound(view: Option<&OperatorView>) -> Option<String> {
	let is_bound = view.is_some_and(|view| {
		view.convictions > 0
			|| view.allocations.iter().any(|allocation| {
				allocation.allocated > 0 || allocation.reserved > 0 || allocation.pending.is_some()
			})
	});
	is_bound.then(|| {
		"services may slash the stake of the operator that you leave, so it has to wait: use \
		 `assay operator undelegate`, and delegate anew once it is withdrawn"
			.into()
	})
}

#[cfg(test)]
mod tests {
	use super::{
		super::bond::tests::{terms, view, ASY},
		*,
	};
	use crate::chain::Pending;

	fn delegation(active: u128) -> DelegationView {
		DelegationView { active, ..Default::default() }
	}

	#[test]
	fn withdrawal_should_tell_of_rewards_when_it_is_the_last() {
		let last = DelegationView {
			leaving: 5 * ASY,
			withdrawable: 5 * ASY,
			rewards: ASY,
			..delegation(0)
		};
		assert_eq!(withdrawal(&last), "returns 5 ASY, pays 1 ASY of rewards and ends there");
		for other in [
			DelegationView { active: ASY, ..last },
			DelegationView { leaving: 6 * ASY, ..last },
			DelegationView { rewards: 0, ..last },
		] {
			assert_eq!(withdrawal(&other), "returns 5 ASY");
		}
	}

	#[test]
	fn delegation_should_be_foreseen_as_refused_when_it_is_too_small() {
		let (operator, delegator) = (AccountId::from([1; 32]), AccountId::from([2; 32]));
		let judge = |present, more| {
			not_delegable(
				Some(&view()),
				&operator,
				&delegator,
				&delegation(present),
				more,
				10 * ASY,
			)
		};
		assert_eq!(judge(0, 10 * ASY), None);
		assert_eq!(judge(9 * ASY, ASY), None, "the sum counts");
		assert_eq!(
			judge(0, 4 * ASY).as_deref(),
			Some("a delegation has to be at least 10 ASY: add 6 ASY more")
		);
	}

	#[test]
	fn delegation_should_be_foreseen_as_refused_when_the_operator_takes_none() {
		let (operator, delegator) = (AccountId::from([1; 32]), AccountId::from([2; 32]));
		let none = delegation(0);
		let judge = |view: Option<&OperatorView>, delegator| {
			not_delegable(view, &operator, delegator, &none, 10 * ASY, ASY)
		};
		let retiring = OperatorView { retiring: true, ..view() };
		let convicted = OperatorView { escrowed_delegated: 1, ..view() };
		assert!(judge(Some(&convicted), &delegator).is_some_and(|fix| fix.contains("in escrow")));
		assert!(judge(None, &delegator).is_some_and(|fix| fix.contains("check the address")));
		assert!(judge(Some(&retiring), &delegator).is_some_and(|fix| fix.contains("another one")));
		assert!(judge(Some(&view()), &operator).is_some_and(|fix| fix.contains("operator bond")));
	}

	#[test]
	fn total_should_count_as_reached_when_only_rounding_is_missing() {
		let rounded = delegation(100 * ASY - 1);
		assert_eq!(change(&rounded, 100 * ASY, true, true), 0);
		assert_eq!(change(&rounded, 1, false, true), 1, "what is asked for is done");
		assert_eq!(change(&rounded, 90 * ASY, true, false), 10 * ASY - 1);
	}

	#[test]
	fn departure_should_take_everything_when_too_little_would_stay() {
		let terms = terms();
		let part = departure(&delegation(50 * ASY), 20 * ASY, &terms);
		assert!(part.starts_with("takes 20 ASY from the delegation, 30 ASY stay"), "{part}");
		let all = departure(&delegation(50 * ASY), 45 * ASY, &terms);
		assert!(all.starts_with("takes 50 ASY from the delegation, nothing stays"), "{all}");
		let more = departure(&delegation(50 * ASY), 60 * ASY, &terms);
		assert!(more.starts_with("takes 50 ASY from the delegation, nothing stays"), "{more}");
	}

	#[test]
	fn redelegation_should_have_to_wait_when_a_service_may_slash() {
		assert!(bound(Some(&view())).is_some_and(|fix| fix.contains("undelegate")));
		let mut free = view();
		for allocation in &mut free.allocations {
			(allocation.allocated, allocation.reserved) = (0, 0);
		}
		assert_eq!(bound(Some(&free)), None);
		assert_eq!(bound(None), None, "nothing holds stake of who is no operator any more");
		let escrow = OperatorView { convictions: 1, ..free.clone() };
		assert!(bound(Some(&escrow)).is_some());
		if let Some(allocation) = free.allocations.first_mut() {
			allocation.pending = Some(Pending { ppm: 1, due: 9 });
		}
		assert!(bound(Some(&free)).is_some());
	}
}
