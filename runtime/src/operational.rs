//! Who may use the part of a block that is kept free for what keeps the chain going.
//!
//! Operational calls have a quarter of each block for themselves, go before other calls, and raise
//! no fee when there are many. If anybody could send them, one account could fill block after block
//! with calls that fail, at the lowest fee.

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	pallet_prelude::{TransactionSource, Weight},
};
use pallet_operators::Workers;
use scale_info::TypeInfo;
#[allow(deprecated)]
use sp_runtime::traits::ValidateUnsigned;
use sp_runtime::{
	impl_tx_ext_default,
	traits::{
		AsSystemOriginSigner, DispatchInfoOf, DispatchOriginOf, TransactionExtension,
		ValidateResult,
	},
	transaction_validity::{InvalidTransaction, TransactionValidityError},
};

use crate::{AccountId, Operators, Runtime, RuntimeCall, System};

/// Takes operational calls from those alone for whom they are meant: a worker's duties from its hot
/// key, `sudo` from its key, a runtime that was authorised from anybody. The others never reach a
/// pool, and neither do operational calls inside of a batch or a proxy's call.
///
/// It adds nothing to what is signed, so wallets need not know of it: the metadata leaves it out.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct CheckOperational;

impl CheckOperational {
	fn is_meant_for(
		who: &AccountId,
		call: &RuntimeCall,
		source: TransactionSource,
	) -> Result<(), TransactionValidityError> {
		let allowed = match call {
			RuntimeCall::GpuMarket(_) | RuntimeCall::ProofOfFlops(_) => {
				Operators::worker_of(who).is_some()
			}
			RuntimeCall::Sudo(_) => pallet_sudo::Key::<Runtime>::get().as_ref() == Some(who),
			#[allow(deprecated)]
			RuntimeCall::System(call) => return System::validate_unsigned(source, call).map(drop),
			_ => return Err(InvalidTransaction::Call.into()),
		};
		if allowed {
			Ok(())
		} else {
			Err(InvalidTransaction::BadSigner.into())
		}
	}
}

impl TransactionExtension<RuntimeCall> for CheckOperational {
	const IDENTIFIER: &'static str = "CheckOperational";

	type Implicit = ();
	type Pre = ();
	type Val = ();

	fn metadata() -> alloc::vec::Vec<sp_runtime::traits::TransactionExtensionMetadata> {
		Default::default()
	}

	/// The key's worker, the worker, and the round in which its key is effective.
	fn weight(&self, call: &RuntimeCall) -> Weight {
		match call.get_dispatch_info().class {
			DispatchClass::Operational => {
				<Runtime as frame_system::Config>::DbWeight::get().reads(3)
			}
			DispatchClass::Normal | DispatchClass::Mandatory => Weight::zero(),
		}
	}

	fn validate(
		&self,
		origin: DispatchOriginOf<RuntimeCall>,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		_len: usize,
		_self_implicit: Self::Implicit,
		_inherited_implication: &impl Encode,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, RuntimeCall> {
		if info.class == DispatchClass::Operational {
			if let Some(who) = origin.as_system_origin_signer() {
				Self::is_meant_for(who, call, source)?;
			}
		}
		Ok((Default::default(), (), origin))
	}

	impl_tx_ext_default!(RuntimeCall; prepare);
}
