//! Running jobs on what is rented.

mod jobs;
mod run;

use super::{
	connect, line, money, show,
	signing::{Key, RENTER_KEY},
};
use crate::{
	chain::{AccountId, Chain, Lease, LeaseState, LeaseView},
	config::Config,
	keys, Error,
};
use assay_compute::{auth::Signer, client::Client, Hash};
use clap::Subcommand;
use std::{
	sync::Arc,
	time::{Duration, Instant},
};
use subxt_signer::sr25519::Keypair;

/// How often the chain is asked whether something is so by now.
const POLL: Duration = Duration::from_millis(500);
/// How long a worker may take to announce where it is.
const ANNOUNCED: Duration = Duration::from_secs(60);

#[derive(Subcommand, Debug)]
pub(super) enum Command {
	/// Run a job on a lease: upload what it needs, follow it, download what it gives
	Run(run::Args),
	/// List the jobs of a lease, show the log of one, or cancel one
	Jobs(jobs::Args),
}

/// Which lease, and who opens it.
#[derive(clap::Args, Debug)]
pub(super) struct Target {
	/// The lease; without it, the only one that the signer has
	#[arg(long)]
	lease: Option<u64>,
	/// Address of the worker; without it, what the worker has announced on chain
	#[arg(long, value_name = "URL")]
	url: Option<String>,
	#[command(flatten)]
	key: Key,
}

/// Does what the arguments say.
pub(super) async fn run(config: &Config, command: Command, json: bool) -> Result<(), Error> {
	match command {
		Command::Run(args) => run::run(config, args, json).await,
		Command::Jobs(args) => jobs::run(config, args, json).await,
	}
}

/// A lease that runs, and the way to its worker.
struct Open {
	chain: Chain,
	id: u64,
	lease: Lease,
	slot_ms: u64,
	client: Client,
}

/// A key of the chain that signs requests.
struct Access(Keypair);

impl Signer for Access {
	fn public(&self) -> [u8; 32] {
		self.0.public_key().0
	}

	fn sign(&self, message: &[u8]) -> [u8; 64] {
		self.0.sign(message).0
	}
}

/// Finds the lease, waits until it runs, and the worker that serves it.
async fn open(config: &Config, target: &Target) -> Result<Open, Error> {
	let key = target.key.load(config, RENTER_KEY)?;
	let account = keys::account(&key);
	let chain = connect(config).await?;
	let slot_ms = chain.terms(chain.best().await?).await?.slot_ms;
	let id = match target.lease {
		Some(id) => id,
		None => only_lease(&chain, &account).await?,
	};
	let lease = running(&chain, id).await?;
	if lease.access != account {
		return Err(Error::Lease {
			cause: format!("lease {id} is opened by the key {}, not by {account}", lease.access),
			fix: format!(
				"sign with that key, or let the renter run `assay set-access {id} {account}`"
			),
		});
	}
	let (url, certificate) = match &target.url {
		Some(url) => (url.clone(), announced(&chain, lease.worker).await?.and_then(|(_, c)| c)),
		None => wait_for_announced(&chain, lease.worker).await?,
	};
	let certificate = certificate.filter(|_| url.starts_with("https://")).map(Hash);
	let client = Client::new(&url, certificate, *chain.genesis(), id, Arc::new(Access(key)))?;
	Ok(Open { chain, id, lease, slot_ms, client })
}

/// The one lease of an account that runs or is about to.
async fn only_lease(chain: &Chain, account: &AccountId) -> Result<u64, Error> {
	let leases = chain.leases_of(chain.best().await?, account).await?;
	match leases.as_slice() {
		[one] => Ok(one.id),
		[] => Err(Error::Lease {
			cause: format!("{account} has no lease"),
			fix: "rent one with `assay rent`, or name another's with --lease".into(),
		}),
		many => Err(Error::Lease {
			cause: format!("{account} has {} leases", many.len()),
			fix: "name one with --lease; `assay leases` lists them".into(),
		}),
	}
}

/// The lease once it runs. A request is waited for; it is over in time, one way or the other.
async fn running(chain: &Chain, id: u64) -> Result<Lease, Error> {
	let mut told = false;
	loop {
		let view = chain.lease(chain.best().await?, id).await?;
		let Some(LeaseView { lease, closes: None, .. }) = view else {
			return Err(Error::Lease {
				cause: format!("there is no lease {id}, or it is over"),
				fix: "rent anew with `assay rent`; `assay leases` lists what you have".into(),
			});
		};
		if let LeaseState::Active(_) = lease.state {
			return Ok(lease);
		}
		if !told {
			told = true;
			tracing::info!(lease = id, "waiting until the provider is ready");
		}
		tokio::time::sleep(POLL).await;
	}
}

type Address = (String, Option<[u8; 32]>);

async fn announced(chain: &Chain, worker: u64) -> Result<Option<Address>, Error> {
	let endpoint = chain.endpoint(chain.best().await?, worker).await?;
	Ok(endpoint.map(|endpoint| (endpoint.url, endpoint.certificate)))
}

async fn wait_for_announced(chain: &Chain, worker: u64) -> Result<Address, Error> {
	let begun = Instant::now();
	loop {
		if let Some(address) = announced(chain, worker).await? {
			return Ok(address);
		}
		if begun.elapsed() > ANNOUNCED {
			return Err(Error::Lease {
				cause: format!("worker {worker} has not announced where it is"),
				fix: "wait, ask the provider, or name its address with --url".into(),
			});
		}
		tokio::time::sleep(POLL).await;
	}
}
