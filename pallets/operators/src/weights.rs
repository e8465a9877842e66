//! Weights of `pallet-operators`.

use crate::Config;
use frame_support::weights::Weight;

/// Weights of the calls.
pub trait WeightInfo {
	/// Weight of `register`.
	fn register() -> Weight;
	/// Weight of `set_payout`.
	fn set_payout() -> Weight;
	/// Weight of `bond_more`.
	fn bond_more() -> Weight;
	/// Weight of `unbond`.
	fn unbond() -> Weight;
	/// Weight of `withdraw`.
	fn withdraw() -> Weight;
	/// Weight of `add_worker`.
	fn add_worker() -> Weight;
	/// Weight of `rotate_key`.
	fn rotate_key() -> Weight;
	/// Weight of `remove_worker`.
	fn remove_worker() -> Weight;
	/// Weight of `add_device`.
	fn add_device() -> Weight;
	/// Weight of `describe_device`.
	fn describe_device() -> Weight;
	/// Weight of `remove_device`.
	fn remove_device() -> Weight;
	/// Weight of `retire`.
	fn retire() -> Weight;
	/// Weight of `execute_conviction`.
	fn execute_conviction() -> Weight;
	/// Weight of `cancel_conviction`.
	fn cancel_conviction() -> Weight;
	/// Weight of `delegate`.
	fn delegate() -> Weight;
	/// Weight of `undelegate`.
	fn undelegate() -> Weight;
	/// Weight of `withdraw_delegation`.
	fn withdraw_delegation() -> Weight;
	/// Weight of `redelegate`.
	fn redelegate() -> Weight;
	/// Weight of `claim_rewards`.
	fn claim_rewards() -> Weight;
	/// Weight of `set_commission`.
	fn set_commission() -> Weight;
	/// Weight of `allocate`.
	fn allocate() -> Weight;
	/// Weight of `set_allocation_delay`.
	fn set_allocation_delay() -> Weight;
	/// Weight of `set_policy`.
	fn set_policy() -> Weight;
	/// Weight of `settle_delegation`.
	fn settle_delegation() -> Weight;
}

/// Weight of a call that may pay a delegator's rewards besides. Not measured together: whoever has
/// shares that are yet to earn, which the call's own benchmark has, is not paid for the last time.
pub(crate) fn with_claim<T: Config>(call: Weight) -> Weight {
	call.saturating_add(T::WeightInfo::claim_rewards())
}

/// What a step weighs in this pallet's tests. A runtime has what `scripts/benchmark` measured.
const UNIT: Weight = Weight::from_parts(1_000_000, 1_000);

impl WeightInfo for () {
	fn register() -> Weight {
		UNIT
	}

	fn set_payout() -> Weight {
		UNIT
	}

	fn bond_more() -> Weight {
		UNIT
	}

	fn unbond() -> Weight {
		UNIT
	}

	fn withdraw() -> Weight {
		UNIT
	}

	fn add_worker() -> Weight {
		UNIT
	}

	fn rotate_key() -> Weight {
		UNIT
	}

	fn remove_worker() -> Weight {
		UNIT
	}

	fn add_device() -> Weight {
		UNIT
	}

	fn describe_device() -> Weight {
		UNIT
	}

	fn remove_device() -> Weight {
		UNIT
	}

	fn retire() -> Weight {
		UNIT
	}

	fn execute_conviction() -> Weight {
		UNIT
	}

	fn cancel_conviction() -> Weight {
		UNIT
	}

	fn delegate() -> Weight {
		UNIT
	}

	fn undelegate() -> Weight {
		UNIT
	}

	fn withdraw_delegation() -> Weight {
		UNIT
	}

	fn redelegate() -> Weight {
		UNIT
	}

	fn claim_rewards() -> Weight {
		UNIT
	}

	fn set_commission() -> Weight {
		UNIT
	}

	fn allocate() -> Weight {
		UNIT
	}

	fn set_allocation_delay() -> Weight {
		UNIT
	}

	fn set_policy() -> Weight {
		UNIT
	}

	fn settle_delegation() -> Weight {
		UNIT
	}
}
