//! A runtime of System and this pallet alone.

use crate as pallet_beacon;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{ConstU32, Hooks},
};
use sp_core::H256;
use sp_runtime::BuildStorage;

/// Blocks between a commitment and the value that samples it.
pub(crate) const DELAY: u32 = 8;
/// Length of the ring.
pub(crate) const RING: u32 = 256;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeTask,
		RuntimeHoldReason,
		RuntimeFreezeReason,
		RuntimeViewFunction
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(20)]
	pub type Beacon = pallet_beacon;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
}

parameter_types! {
	/// What BABE would say of the parent.
	pub static ParentVrf: Option<[u8; 32]> = None;
}

impl crate::AuthorVrf for ParentVrf {
	fn parent_vrf() -> Option<[u8; 32]> {
		Self::get()
	}
}

impl crate::Config for Test {
	type AuthorVrf = ParentVrf;
	type RingLength = ConstU32<RING>;
	type WeightInfo = ();
}

/// The state after genesis, with `delay`.
pub(crate) fn genesis(delay: u32) -> sp_io::TestExternalities {
	let config = RuntimeGenesisConfig {
		beacon: crate::GenesisConfig { delay, ..Default::default() },
		..Default::default()
	};
	config.build_storage().unwrap().into()
}

/// The state in block 1.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	let mut ext = genesis(DELAY);
	ext.execute_with(|| {
		System::set_parent_hash(H256::repeat_byte(0xaa));
		next_block(None);
	});
	ext
}

/// Runs `test` in block 1 and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		assert_ok!(Beacon::do_try_state());
	});
}

/// Begins the next block, whose parent's author had the VRF output `vrf`.
pub(crate) fn next_block(vrf: Option<[u8; 32]>) {
	let now = System::block_number() + 1;
	System::set_block_number(now);
	ParentVrf::set(vrf);
	Beacon::on_initialize(now);
}

/// The VRF output of test block `n`.
pub(crate) fn vrf(n: u64) -> [u8; 32] {
	assay_draw::seed(b"assay/beacon/test", &[&n.to_le_bytes()])
}

/// Runs to block `n`, every block with a VRF output of its own.
pub(crate) fn run_to(n: u64) {
	while System::block_number() < n {
		next_block(Some(vrf(System::block_number())));
	}
}
