//! RPC beyond what every node serves: nonces, fees, BABE and GRANDPA.

use std::{error::Error, sync::Arc};

use assay_runtime::opaque::Block;
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use substrate_frame_rpc_system::{System, SystemApiServer};

use crate::service::{FullBackend, FullClient, FullPool, FullSelectChain};

/// What the RPC methods read.
#[derive(Clone)]
pub(crate) struct Dependencies {
	/// The client.
	pub(crate) client: Arc<FullClient>,
	/// The transaction pool.
	pub(crate) pool: Arc<FullPool>,
	/// The rule for the best chain.
	pub(crate) select_chain: FullSelectChain,
	/// The keys of this node.
	pub(crate) keystore: KeystorePtr,
	/// BABE's epochs.
	pub(crate) babe_worker: BabeWorkerHandle<Block>,
	/// State of GRANDPA's rounds.
	pub(crate) voter_state: SharedVoterState,
	/// GRANDPA's voters.
	pub(crate) authority_set: SharedAuthoritySet<assay_runtime::Hash, assay_runtime::BlockNumber>,
	/// New proofs of finality.
	pub(crate) justifications: GrandpaJustificationStream<Block>,
	/// Proofs of finality on demand.
	pub(crate) finality_proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// Builds the methods.
pub(crate) fn create(
	dependencies: Dependencies,
	executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
	let Dependencies {
		client,
		pool,
		select_chain,
		keystore,
		babe_worker,
		voter_state,
		authority_set,
		justifications,
		finality_proofs,
	} = dependencies;
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Babe::new(client, babe_worker, keystore, select_chain).into_rpc())?;
	module.merge(
		Grandpa::new(executor, authority_set, voter_state, justifications, finality_proofs)
			.into_rpc(),
	)?;
	Ok(module)
}
