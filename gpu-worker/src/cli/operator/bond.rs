//! An operator's own stake, where its rewards go, and how it ends.

use super::{
	super::{amount, blocks, share, Allocations},
	plan::{Context, Plan, Step},
};
use crate::{
	chain::{AccountId, Call, ConvictionView, OperatorView, Service, Terms},
	Error,
};
use assay_economics::allocation::backing;

/// What to do for whoever is no operator.
const NO_OPERATOR: &str = "this account is no operator: begin with `assay operator register`";
/// What to do for whoever retires.
const RETIRES: &str =
	"the operator retires: withdraw everything with `assay operator withdraw` and register again";

/// Why an operator cannot take on anything new, if it cannot.
pub(super) fn not_active(view: Option<&OperatorView>) -> Option<String> {
	match view {
		None => Some(NO_OPERATOR.into()),
		Some(view) if view.retiring => Some(RETIRES.into()),
		Some(_) => None,
	}
}

/// The difference that a command asks for: `wanted` itself, or with `--to` what is missing from
/// `present` to it, upwards or downwards.
pub(super) fn difference(present: u128, wanted: u128, to: bool, upwards: bool) -> u128 {
	match (to, upwards) {
		(false, _) => wanted,
		(true, true) => wanted.saturating_sub(present),
		(true, false) => present.saturating_sub(wanted),
	}
}

pub(super) async fn register(
	context: &Context,
	payout: Option<AccountId>,
	allocations: Allocations,
) -> Result<Plan, Error> {
	if let Some(view) = context.own().await? {
		return Ok(Plan::nothing(format!(
			"{} is an operator with {} ASY bonded; `set-payout`, `bond` and `allocate` change it",
			context.account,
			amount(view.bonded)
		)));
	}
	let payout = payout.unwrap_or(context.account);
	let (bond, effect) = (context.terms.minimum_bond, registration(&context.terms, &payout));
	let effect = format!("{effect}; {}", shares(&allocations.0));
	let call = Call::Register { payout, allocations: allocations.0 };
	Ok(Step::new(call, effect).holding(bond).into())
}

fn registration(terms: &Terms, payout: &AccountId) -> String {
	format!(
		"holds the minimum bond of {} ASY and pays rewards to {payout}",
		amount(terms.minimum_bond)
	)
}

fn shares(allocations: &[(Service, u32)]) -> String {
	if allocations.is_empty() {
		return "no service may slash it yet, so it can do nothing yet".into();
	}
	let list: Vec<String> =
		allocations.iter().map(|(service, ppm)| format!("{service} {}", share(*ppm))).collect();
	format!("services may slash these shares of it: {}", list.join(", "))
}

pub(super) async fn set_payout(context: &Context, payout: AccountId) -> Result<Plan, Error> {
	let view = context.own().await?;
	if view.as_ref().is_some_and(|view| view.payout == payout) {
		return Ok(Plan::nothing(format!("rewards go to {payout} already")));
	}
	let refusal = view.is_none().then(|| NO_OPERATOR.into());
	let effect = format!("pays rewards to {payout} from now on");
	Ok(Step::new(Call::SetPayout { payout }, effect).unless(refusal).into())
}

pub(super) async fn bond(context: &Context, wanted: u128, to: bool) -> Result<Plan, Error> {
	let view = context.own().await?;
	let bonded = view.as_ref().map_or(0, |view| view.bonded);
	let more = difference(bonded, wanted, to, true);
	if more == 0 {
		return Ok(Plan::nothing(format!("{} ASY are bonded", amount(bonded))));
	}
	let effect = format!(
		"holds {} ASY more and makes the bond {} ASY; every allocation grows in proportion",
		amount(more),
		amount(bonded.saturating_add(more))
	);
	let step = Step::new(Call::BondMore { amount: more }, effect);
	Ok(step.holding(more).unless(not_active(view.as_ref())).into())
}

pub(super) async fn unbond(context: &Context, wanted: u128, to: bool) -> Result<Plan, Error> {
	let view = context.own().await?;
	let bonded = view.as_ref().map_or(0, |view| view.bonded);
	let less = difference(bonded, wanted, to, false);
	if less == 0 {
		return Ok(Plan::nothing(format!("{} ASY are bonded", amount(bonded))));
	}
	let refusal = match &view {
		None => Some(NO_OPERATOR.into()),
		Some(view) => not_unbondable(view, less, context.terms.minimum_bond),
	};
	let effect = format!(
		"takes {} ASY from the bond; they earn nothing from now on and can be slashed until they \
		 are withdrawn",
		amount(less)
	);
	let step = Step::new(Call::Unbond { amount: less }, effect);
	Ok(step.later(withdrawable_after(&context.terms)).unless(refusal).into())
}

/// When stake that leaves now can be withdrawn.
pub(super) fn withdrawable_after(terms: &Terms) -> String {
	format!("can be withdrawn after {}", blocks(terms.unbonding_blocks, terms.slot_ms))
}

/// Why so much cannot be taken from a bond, if it cannot, and how much can.
fn not_unbondable(view: &OperatorView, less: u128, minimum: u128) -> Option<String> {
	let stays = if view.retiring { 0 } else { minimum };
	let spare = view.bonded.saturating_sub(stays);
	let free = view.bonded.saturating_sub(needed(view));
	let most = spare.min(free);
	if less <= most {
		return None;
	}
	let why = if spare <= free {
		format!("the minimum bond of {} ASY stays", amount(minimum))
	} else {
		format!("{} ASY are reserved for open obligations", amount(view.reserved))
	};
	Some(match most {
		0 => format!("{why}: nothing can be unbonded now; `assay operator retire` ends everything"),
		most => format!("{why}: unbond at most {} ASY", amount(most)),
	})
}

/// The least bond that covers what is reserved and, unless the operator retires, its own part of
/// what it has allocated to consensus.
fn needed(view: &OperatorView) -> u128 {
	if view.retiring {
		return view.reserved;
	}
	let consensus = view.allocations.iter().find(|of| of.service == Service::Consensus);
	let (allocated, reserved) = consensus.map_or((0, 0), |of| (of.allocated, of.reserved));
	let covers = |bonded| backing(allocated, reserved, bonded, view.stake) >= view.reserved;
	// What covers it covers it with more, too.
	let (mut least, mut most) = (0u128, view.bonded);
	while least < most {
		let middle = least.midpoint(most);
		if covers(middle) {
			most = middle;
		} else {
			least = middle.saturating_add(1);
		}
	}
	least
}

pub(super) async fn withdraw(context: &Context) -> Result<Plan, Error> {
	let Some(view) = context.own().await? else {
		return Ok(Plan::nothing("this account is no operator and has no bond"));
	};
	let ends = leaves(&view);
	if view.withdrawable == 0 && !ends {
		return Ok(Plan::nothing(kept(&view).unwrap_or_else(|| nothing_due(view.next_due))));
	}
	let effect = match (ends, view.withdrawable) {
		(true, 0) => "ends the operator".into(),
		(true, due) => format!("returns {} ASY and ends the operator", amount(due)),
		(false, due) => format!("returns {} ASY", amount(due)),
	};
	Ok(Step::new(Call::Withdraw, effect).into())
}

/// Whether nothing is left of an operator once it has withdrawn what is due.
fn leaves(view: &OperatorView) -> bool {
	view.retiring
		&& view.bonded == 0
		&& view.unbonding == view.withdrawable
		&& obstacles(view).is_empty()
}

/// What keeps an operator that retires, its own stake aside, and what to do about it.
fn obstacles(view: &OperatorView) -> Vec<String> {
	let all = [
		(view.rewards > 0, "rewards: `assay operator rewards --claim`".to_string()),
		(view.workers > 0, format!("{} workers: `assay operator remove-worker`", view.workers)),
		(
			view.delegators > 0,
			format!("{} delegators: they leave, or anybody settles with them", view.delegators),
		),
		(view.convictions > 0, format!("{} convictions in escrow", view.convictions)),
	];
	all.into_iter().filter(|(there, _)| *there).map(|(_, what)| what).collect()
}

/// Why an operator that retires and has no stake any more does not end.
fn kept(view: &OperatorView) -> Option<String> {
	let empty = view.retiring && view.bonded == 0 && view.unbonding == 0;
	empty.then(|| {
		format!("the operator does not end before this is settled: {}", obstacles(view).join("; "))
	})
}

/// Why nothing can be withdrawn, and when something can.
pub(super) fn nothing_due(next_due: Option<u32>) -> String {
	match next_due {
		Some(block) => format!("nothing is due before block {block}"),
		None => "nothing is on its way out".into(),
	}
}

pub(super) async fn retire(context: &Context) -> Result<Plan, Error> {
	let view = context.own().await?;
	if let Some(view) = view.as_ref().filter(|view| view.retiring) {
		if view.bonded <= view.reserved {
			return Ok(Plan::nothing(format!(
				"the operator retires already, and {} ASY are reserved for open obligations",
				amount(view.reserved)
			)));
		}
	}
	let refusal = view.is_none().then(|| NO_OPERATOR.into());
	let effect = "begins no new obligations and unbonds what is not reserved; it cannot be undone";
	let step = Step::new(Call::Retire, effect).later(withdrawable_after(&context.terms));
	Ok(step.unless(refusal).into())
}

pub(super) async fn execute_conviction(context: &Context, id: u64) -> Result<Plan, Error> {
	let Some(view) = context.chain.conviction(context.best, id).await? else {
		return Ok(Plan::nothing(format!(
			"there is no conviction {id} in escrow: it was executed or cancelled before"
		)));
	};
	let step = Step::new(Call::ExecuteConviction { id }, execution(&view));
	Ok(step.unless(in_escrow(&view, context.best.number)).into())
}

fn execution(view: &ConvictionView) -> String {
	let burnt = view.amount.saturating_sub(view.bounty);
	let bounty = match view.bounty {
		0 => String::new(),
		bounty => format!(" and pays {} ASY to whoever proved it", amount(bounty)),
	};
	format!(
		"burns {} ASY that {} lost in {}{bounty}; the fee is returned",
		amount(burnt),
		view.operator,
		view.service
	)
}

/// Why a conviction cannot be executed in the block after `best`, if it cannot.
fn in_escrow(view: &ConvictionView, best: u32) -> Option<String> {
	(best.saturating_add(1) < view.execute_at)
		.then(|| format!("it is in escrow: try again in block {}", view.execute_at))
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use crate::chain::AllocationView;

	pub(in super::super) const ASY: u128 = 1_000_000_000_000;

	/// An operator with 1,500 ASY of its own and 500 delegated, half of it allocated to flops, and
	/// 100 ASY of that reserved.
	pub(in super::super) fn view() -> OperatorView {
		let account = AccountId::from([1; 32]);
		let allocation = |service, allocated, reserved| AllocationView {
			service,
			allocated,
			reserved,
			free: allocated - reserved,
			pending: None,
		};
		OperatorView {
			operator: account,
			payout: account,
			activity: "active",
			retiring: false,
			bonded: 1_500 * ASY,
			unbonding: 0,
			delegated: 500 * ASY,
			stake: 2_000 * ASY,
			active: 2_000 * ASY,
			reserved: 100 * ASY,
			withdrawable: 0,
			next_due: None,
			escrowed: 0,
			escrowed_delegated: 0,
			allocations: Service::ALL
				.into_iter()
				.map(|service| match service {
					Service::Flops => allocation(service, 1_000 * ASY, 100 * ASY),
					_ => allocation(service, 0, 0),
				})
				.collect(),
			commission_ppm: 50_000,
			pending_commission: None,
			rewards: 0,
			delegators: 1,
			workers: 1,
			convictions: 0,
		}
	}

	/// The terms of a development chain.
	pub(in super::super) fn terms() -> Terms {
		Terms {
			minimum_bond: 1_000 * ASY,
			minimum_delegation: 10 * ASY,
			minimum_self_bond: 1_000 * ASY,
			device_stake: 100 * ASY,
			worker_deposit: ASY,
			device_deposit: ASY,
			key_deposit: ASY,
			existential_deposit: ASY / 1_000,
			unbonding_blocks: 840,
			allocation_blocks: 10,
			commission_blocks: 420,
			max_commission_ppm: 200_000,
			max_commission_raise_ppm: 50_000,
			session_blocks: 60,
			slot_ms: 1_000,
		}
	}

	#[test]
	fn amounts_should_be_totals_when_asked_for() {
		assert_eq!(difference(5, 3, false, true), 3);
		assert_eq!(difference(5, 3, true, true), 0, "a repeat has nothing to do");
		assert_eq!(difference(5, 8, true, true), 3);
		assert_eq!(difference(5, 3, true, false), 2);
		assert_eq!(difference(3, 3, true, false), 0, "a repeat has nothing to do");
	}

	#[test]
	fn unbonding_should_name_the_most_when_it_is_too_much() {
		let minimum = 1_000 * ASY;
		assert_eq!(not_unbondable(&view(), 500 * ASY, minimum), None);
		assert_eq!(
			not_unbondable(&view(), 500 * ASY + 1, minimum).as_deref(),
			Some("the minimum bond of 1000 ASY stays: unbond at most 500 ASY")
		);
		// Delegated stake backs nothing: what is reserved stays of the bond itself.
		let busy = OperatorView { reserved: 1_300 * ASY, ..view() };
		assert_eq!(
			not_unbondable(&busy, 300 * ASY, minimum).as_deref(),
			Some("1300 ASY are reserved for open obligations: unbond at most 200 ASY")
		);
		// And so does the bond's own part of what is allocated to consensus, here a fifth.
		let mut elected = OperatorView { reserved: 1_000 * ASY, ..view() };
		elected.allocations[0].allocated = 400 * ASY;
		assert_eq!(needed(&elected), 1_250 * ASY);
		assert_eq!(not_unbondable(&elected, 250 * ASY, minimum), None);
		assert_eq!(
			not_unbondable(&elected, 250 * ASY + 1, minimum).as_deref(),
			Some("1000 ASY are reserved for open obligations: unbond at most 250 ASY")
		);
		let poor = OperatorView { bonded: 1_000 * ASY, active: 1_500 * ASY, ..view() };
		let refusal = not_unbondable(&poor, 1, minimum).expect("refused");
		assert!(refusal.contains("nothing can be unbonded now"), "{refusal}");
		let retiring = OperatorView { retiring: true, ..view() };
		assert_eq!(not_unbondable(&retiring, 1_400 * ASY, minimum), None);
		assert_eq!(
			not_unbondable(&retiring, 1_500 * ASY, minimum).as_deref(),
			Some("100 ASY are reserved for open obligations: unbond at most 1400 ASY")
		);
	}

	#[test]
	fn operator_should_end_only_when_nothing_is_left() {
		let gone = OperatorView {
			retiring: true,
			bonded: 0,
			unbonding: 50 * ASY,
			withdrawable: 50 * ASY,
			delegators: 0,
			workers: 0,
			..view()
		};
		assert!(leaves(&gone));
		assert!(!leaves(&OperatorView { withdrawable: 0, ..gone.clone() }));
		for kept_by in [
			OperatorView { delegators: 2, ..gone.clone() },
			OperatorView { workers: 1, ..gone.clone() },
			OperatorView { convictions: 1, ..gone.clone() },
			OperatorView { rewards: 1, ..gone.clone() },
		] {
			assert!(!leaves(&kept_by));
			let empty = OperatorView { unbonding: 0, withdrawable: 0, ..kept_by };
			assert!(kept(&empty).is_some_and(|why| why.contains("does not end before")));
		}
		assert_eq!(kept(&gone), None);
	}

	#[test]
	fn registration_should_say_what_may_slash_it() {
		assert_eq!(
			shares(&[(Service::Flops, 600_000), (Service::Consensus, 400_000)]),
			"services may slash these shares of it: flops 60 %, consensus 40 %"
		);
		assert!(shares(&[]).contains("no service"));
	}

	#[test]
	fn conviction_should_be_executed_only_when_its_escrow_is_over() {
		let view = ConvictionView {
			operator: AccountId::from([1; 32]),
			service: Service::Flops,
			amount: 100 * ASY,
			bounty: 40 * ASY,
			execute_at: 50,
		};
		assert!(in_escrow(&view, 48).is_some_and(|fix| fix.contains("block 50")));
		assert_eq!(in_escrow(&view, 49), None);
		let effect = execution(&view);
		assert!(effect.starts_with("burns 60 ASY"), "{effect}");
		assert!(effect.contains("lost in flops and pays 40 ASY to whoever proved it"), "{effect}");
		assert!(!execution(&ConvictionView { bounty: 0, ..view }).contains("pays"));
	}

	#[test]
	fn operator_should_be_told_what_to_do_when_it_cannot_go_on() {
		assert_eq!(not_active(Some(&view())), None);
		assert!(not_active(None).is_some_and(|fix| fix.contains("operator register")));
		let retiring = OperatorView { retiring: true, ..view() };
		assert!(not_active(Some(&retiring)).is_some_and(|fix| fix.contains("operator withdraw")));
	}
}
