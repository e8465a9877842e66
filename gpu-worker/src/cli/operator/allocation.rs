//! What services may slash, and what delegators pay.

use super::{
	super::{blocks, share},
	bond::not_active,
	plan::{Context, Plan, Step},
};
use crate::{
	chain::{AllocationView, Call, OperatorView, Service, Terms},
	Error,
};

/// The whole, in parts in a million.
const MILLION: u128 = 1_000_000;

pub(super) async fn allocate(context: &Context, service: Service, ppm: u32) -> Result<Plan, Error> {
	let view = context.own().await?;
	let Some((view, allocation)) =
		view.as_ref().and_then(|view| Some((view, view.allocation(service)?)))
	else {
		let step = Step::new(Call::Allocate { service, ppm }, effect(service, ppm));
		return Ok(step.unless(not_active(None)).into());
	};
	let present = present_share(allocation.allocated, view.stake);
	match allocation.pending {
		Some(pending) if pending.ppm == ppm => {
			return Ok(Plan::nothing(format!(
				"{} of the stake go to {service} from block {} on",
				share(ppm),
				pending.due
			)));
		}
		None if present == ppm => {
			return Ok(Plan::nothing(format!("{} of the stake go to {service}", share(ppm))));
		}
		_ => (),
	}
	let refusal = (ppm > present)
		.then(|| not_active(Some(view)).or_else(|| over_allocated(view, service, ppm)))
		.flatten();
	let step = Step::new(Call::Allocate { service, ppm }, effect(service, ppm));
	Ok(step.later(moment(allocation, present, ppm, &context.terms)).unless(refusal).into())
}

fn effect(service: Service, ppm: u32) -> String {
	format!("lets {service} slash {} of the stake", share(ppm))
}

/// When a change of an allocation takes effect, and what it cancels.
fn moment(allocation: &AllocationView, present: u32, ppm: u32, terms: &Terms) -> String {
	let replaced = match allocation.pending {
		Some(pending) => format!(
			", in place of the {} that would hold from block {} on",
			share(pending.ppm),
			pending.due
		),
		None => String::new(),
	};
	let when = if ppm == present {
		"at once".to_string()
	} else if ppm > present {
		format!("after {}", blocks(terms.allocation_blocks, terms.slot_ms))
	} else {
		format!(
			"after {}; until then, and as long as it is reserved, it can be slashed",
			blocks(terms.unbonding_blocks, terms.slot_ms)
		)
	};
	format!("{when}{replaced}")
}

/// The share of a stake that an amount is, to the nearest part in a million.
pub(super) fn present_share(allocated: u128, stake: u128) -> u32 {
	let doubled = allocated.saturating_mul(2).saturating_mul(MILLION).saturating_add(stake);
	let ppm = doubled.checked_div(stake.saturating_mul(2)).unwrap_or_default();
	u32::try_from(ppm.min(MILLION)).unwrap_or_default()
}

/// Why so much cannot be allocated, if it cannot: what secures one service cannot secure another.
fn over_allocated(view: &OperatorView, service: Service, ppm: u32) -> Option<String> {
	let others: u128 = view
		.allocations
		.iter()
		.filter(|other| other.service != service)
		.map(|other| {
			let present = present_share(other.allocated, view.stake);
			u128::from(other.pending.map_or(present, |pending| pending.ppm.max(present)))
		})
		.sum();
	let free = u32::try_from(MILLION.saturating_sub(others)).unwrap_or_default();
	(ppm > free).then(|| {
		format!(
			"other services have, or soon have, {} of the stake: name at most {}, or cut another \
			 service first",
			share(u32::try_from(others).unwrap_or(u32::MAX)),
			share(free)
		)
	})
}

pub(super) async fn commission(context: &Context, ppm: u32) -> Result<Plan, Error> {
	let view = context.own().await?;
	let call = Call::SetCommission { ppm };
	let effect = format!("keeps {} of the delegators' rewards", share(ppm));
	let Some(view) = view else {
		return Ok(Step::new(call, effect).unless(not_active(None)).into());
	};
	match view.pending_commission {
		Some(pending) if pending.ppm == ppm => {
			let because = format!("{} are kept from block {} on", share(ppm), pending.due);
			return Ok(Plan::nothing(because));
		}
		None if view.commission_ppm == ppm => {
			return Ok(Plan::nothing(format!("{} are kept", share(ppm))));
		}
		_ => (),
	}
	let step = Step::new(call, effect).unless(commission_refused(&view, ppm, &context.terms));
	if ppm <= view.commission_ppm {
		return Ok(match view.pending_commission {
			Some(_) => step.later("at once; the raise that was announced is dropped").into(),
			None => step.into(),
		});
	}
	let delay = blocks(context.terms.commission_blocks, context.terms.slot_ms);
	Ok(step.later(format!("after {delay}, in which delegators can leave")).into())
}

/// Why a commission would be refused, if it would.
fn commission_refused(view: &OperatorView, ppm: u32, terms: &Terms) -> Option<String> {
	let most = view.commission_ppm.saturating_add(terms.max_commission_raise_ppm);
	if ppm > terms.max_commission_ppm {
		Some(format!(
			"the highest commission is {}: name at most that",
			share(terms.max_commission_ppm)
		))
	} else if ppm > most {
		Some(format!(
			"one announcement may raise it by {}: name at most {}",
			share(terms.max_commission_raise_ppm),
			share(most.min(terms.max_commission_ppm))
		))
	} else {
		view.pending_commission.filter(|_| ppm > view.commission_ppm).map(|pending| {
			format!(
				"a raise to {} is announced already: wait for block {}",
				share(pending.ppm),
				pending.due
			)
		})
	}
}

#[cfg(test)]
mod tests {
	use super::{
		super::bond::tests::{terms, view, ASY},
		*,
	};
	use crate::chain::Pending;

	#[test]
	fn share_should_be_the_nearest_when_dust_is_missing() {
		assert_eq!(present_share(0, 0), 0);
		assert_eq!(present_share(ASY, 2 * ASY), 500_000);
		assert_eq!(present_share(ASY - 1, 2 * ASY), 500_000);
		assert_eq!(present_share(ASY, 3 * ASY), 333_333);
		assert_eq!(present_share(5 * ASY, 3 * ASY), 1_000_000);
	}

	#[test]
	fn change_should_wait_as_long_as_its_direction_demands() {
		let view = view();
		let flops = view.allocation(Service::Flops).expect("listed");
		let terms = terms();
		assert_eq!(moment(flops, 500_000, 600_000, &terms), "after 10 blocks (10 seconds)");
		assert_eq!(
			moment(flops, 500_000, 400_000, &terms),
			"after 840 blocks (14 minutes); until then, and as long as it is reserved, it can be \
			 slashed"
		);
		let pending = AllocationView { pending: Some(Pending { ppm: 600_000, due: 77 }), ..*flops };
		assert_eq!(
			moment(&pending, 500_000, 500_000, &terms),
			"at once, in place of the 60 % that would hold from block 77 on"
		);
	}

	#[test]
	fn allocation_should_be_foreseen_as_refused_when_it_overlaps() {
		let mut view = view();
		assert_eq!(over_allocated(&view, Service::Consensus, 500_000), None);
		assert_eq!(over_allocated(&view, Service::Flops, 1_000_000), None);
		let refusal = over_allocated(&view, Service::Consensus, 500_001).expect("refused");
		assert!(refusal.contains("50 % of the stake: name at most 50 %"), "{refusal}");
		for allocation in &mut view.allocations {
			if allocation.service == Service::Jobs {
				allocation.pending = Some(Pending { ppm: 300_000, due: 9 });
			}
		}
		let refusal = over_allocated(&view, Service::Consensus, 200_001).expect("refused");
		assert!(refusal.contains("name at most 20 %"), "{refusal}");
	}

	#[test]
	fn commission_should_be_foreseen_as_refused_when_it_is_out_of_bounds() {
		let (mut view, terms) = (view(), terms());
		assert_eq!(commission_refused(&view, 100_000, &terms), None);
		assert_eq!(commission_refused(&view, 0, &terms), None);
		let refusal = commission_refused(&view, 100_001, &terms).expect("refused");
		assert!(refusal.contains("by 5 %: name at most 10 %"), "{refusal}");
		let refusal = commission_refused(&view, 200_001, &terms).expect("refused");
		assert!(refusal.contains("highest commission is 20 %"), "{refusal}");
		view.pending_commission = Some(Pending { ppm: 60_000, due: 5 });
		let refusal = commission_refused(&view, 70_000, &terms).expect("refused");
		assert!(refusal.contains("wait for block 5"), "{refusal}");
		assert_eq!(commission_refused(&view, 10_000, &terms), None);
	}
}
