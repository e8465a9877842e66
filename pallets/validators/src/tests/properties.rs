//! Random histories of operators, delegators, offenders and blocks.

use crate::{
	mock::*,
	pallet::{Charges, Exposures, Limits as StoredLimits},
	types::Limits,
	FeesToRewards,
};
use frame_support::traits::{
	fungible::Balanced,
	tokens::{Fortitude, Precision, Preservation},
	OnUnbalanced,
};
use pallet_operators::Service;
use proptest::prelude::*;

/// Something that somebody does. Whatever is not allowed is refused.
#[derive(Clone, Debug)]
enum Action {
	Become(AccountId, Balance),
	Validate(AccountId),
	Stop(AccountId),
	RemoveKeys(AccountId),
	BondMore(AccountId, Balance),
	Unbond(AccountId, Balance),
	Retire(AccountId),
	Withdraw(AccountId),
	Allocate(AccountId, u32),
	Delegate(AccountId, AccountId, Balance),
	Undelegate(AccountId, AccountId, Balance),
	Redelegate(AccountId, AccountId, AccountId, Balance),
	WithdrawDelegation(AccountId, AccountId),
	SettleDelegation(AccountId, AccountId),
	Claim(AccountId, AccountId),
	Report(Vec<AccountId>, u32, u64, u32),
	SetLimits(u32, u32),
	Silence(Vec<AccountId>),
	PayFee(Balance),
	Execute(u64),
	Cancel(u64),
	Blocks(u64),
	Session,
}

fn action() -> impl Strategy<Value = Action> {
	use Action::*;
	let operator = || 1..9u64;
	let delegator = || 31..34u64;
	let amount = || 1..20_000u128;
	prop_oneof![
		(operator(), amount()).prop_map(|(who, bond)| Become(who, bond)),
		operator().prop_map(Validate),
		operator().prop_map(Validate),
		operator().prop_map(Stop),
		operator().prop_map(RemoveKeys),
		(operator(), amount()).prop_map(|(who, amount)| BondMore(who, amount)),
		(operator(), amount()).prop_map(|(who, amount)| Unbond(who, amount)),
		operator().prop_map(Retire),
		operator().prop_map(Withdraw),
		(operator(), 0..=1_000_000u32).prop_map(|(who, share)| Allocate(who, share)),
		(delegator(), operator(), amount()).prop_map(|(who, to, amount)| Delegate(who, to, amount)),
		(delegator(), operator(), amount())
			.prop_map(|(who, of, amount)| Undelegate(who, of, amount)),
		(delegator(), operator(), operator(), amount())
			.prop_map(|(who, from, to, amount)| Redelegate(who, from, to, amount)),
		(delegator(), operator()).prop_map(|(who, of)| WithdrawDelegation(who, of)),
		(delegator(), operator()).prop_map(|(who, of)| SettleDelegation(who, of)),
		(delegator(), operator()).prop_map(|(who, of)| Claim(who, of)),
		operator().prop_map(|who| Claim(who, who)),
		(prop::collection::vec(operator(), 1..4), 0..9u32, 0..5u64, 0..=100u32)
			.prop_map(|(who, ago, time, percent)| Report(who, ago, time, percent)),
		(0..5u32, 0..7u32).prop_map(|(minimum, maximum)| SetLimits(minimum, maximum)),
		prop::collection::vec(operator(), 0..4).prop_map(Silence),
		amount().prop_map(PayFee),
		(0..6u64).prop_map(Execute),
		(0..6u64).prop_map(Cancel),
		(1..SESSION).prop_map(Blocks),
		Just(Session),
		Just(Session),
	]
}

fn forget<Outcome>(_: Outcome) {}

/// Does it, and forgets whether it was refused. Returns what it burnt of fees: those of a block that
/// nobody has written.
fn act(action: Action) -> Balance {
	let sessions = Session::current_index();
	match action {
		Action::Become(who, bond) => {
			if Operators::register(signed(who), who, all_consensus()).is_ok() {
				let _ = Operators::bond_more(signed(who), bond);
			}
			let _ = Session::set_keys(signed(who), keys(who), proof_of(who, who));
		}
		Action::Validate(who) => forget(Validators::validate(signed(who))),
		Action::Stop(who) => forget(Validators::stop_validating(signed(who))),
		Action::RemoveKeys(who) => forget(Validators::remove_keys(signed(who))),
		Action::BondMore(who, amount) => forget(Operators::bond_more(signed(who), amount)),
		Action::Unbond(who, amount) => forget(Operators::unbond(signed(who), amount)),
		Action::Retire(who) => forget(Operators::retire(signed(who))),
		Action::Withdraw(who) => forget(Operators::withdraw(signed(who))),
		Action::Allocate(who, share) => {
			forget(Operators::allocate(signed(who), Service::Consensus, share))
		}
		Action::Delegate(who, to, amount) => forget(Operators::delegate(signed(who), to, amount)),
		Action::Undelegate(who, of, amount) => {
			forget(Operators::undelegate(signed(who), of, amount))
		}
		Action::Redelegate(who, from, to, amount) => {
			forget(Operators::redelegate(signed(who), from, to, amount))
		}
		Action::WithdrawDelegation(who, of) => {
			forget(Operators::withdraw_delegation(signed(who), of))
		}
		Action::SettleDelegation(who, of) => {
			forget(Operators::settle_delegation(signed(NOBODY), of, who))
		}
		Action::Claim(who, of) => forget(Operators::claim_rewards(signed(who), of)),
		Action::Report(mut who, ago, time, percent) => {
			who.sort_unstable();
			who.dedup();
			forget(report(&who, sessions.saturating_sub(ago), time, percent))
		}
		Action::SetLimits(minimum, maximum) => {
			forget(Validators::set_limits(RuntimeOrigin::root(), Limits { minimum, maximum }))
		}
		Action::Silence(who) => Silent::set(who),
		Action::PayFee(amount) => {
			let fee = Balances::withdraw(
				&NOBODY,
				amount,
				Precision::Exact,
				Preservation::Preserve,
				Fortitude::Polite,
			);
			let before = Balances::total_issuance();
			FeesToRewards::<Test>::on_unbalanced(fee.unwrap());
			return before - Balances::total_issuance();
		}
		Action::Execute(id) => forget(Operators::execute_conviction(signed(NOBODY), id)),
		Action::Cancel(id) => {
			let reason = b"a mistake".to_vec().try_into().unwrap();
			forget(Operators::cancel_conviction(RuntimeOrigin::root(), id, reason))
		}
		Action::Blocks(blocks) => skip(blocks),
		Action::Session => {
			let before = serving().len().min(queued().len());
			next_session();
			let minimum = StoredLimits::<Test>::get().minimum as usize;
			assert!(!serving().is_empty());
			assert!(queued().len() >= minimum.min(before), "the set shrank by accident");
		}
	}
	0
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn m12_state_should_stay_sound_when_anything_happens(
		actions in prop::collection::vec(action(), 1..120),
	) {
		new_test_ext().execute_with(|| {
			let mut burnt = 0;
			for action in actions {
				burnt += act(action);
				check_state();
				check_money(burnt);
				for (session, who, charge) in Charges::<Test>::iter() {
					let exposure = Exposures::<Test>::get(session, who).unwrap();
					assert!(charge.charged <= exposure.weight);
				}
			}
		});
	}
}
