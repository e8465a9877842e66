//! What came of a lease, and the books of the whole market as a second program keeps them.

use std::{os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use crate::{
	chain::Chain,
	process::{command, repository, run, Output},
};

/// Longest run of a script.
const SCRIPT_LIMIT: Duration = Duration::from_secs(240);

/// What the events say of a closed lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
	/// Why it was closed.
	pub reason: String,
	/// The block in which it was closed.
	pub closed_in: u32,
	/// Blocks that the worker has attested.
	pub served: u32,
	/// What the provider got.
	pub paid: u128,
	/// What was burnt: fees, and what could not be paid.
	pub burnt: u128,
	/// What came back to the renter of its escrow.
	pub refunded: u128,
	/// Stake that was taken from the operator.
	pub convicted: u128,
}

impl Statement {
	/// Of a lease that is closed, from the events of all blocks.
	///
	/// # Panics
	/// When the lease is not closed.
	pub async fn of(chain: &Chain, lease: u64) -> Self {
		let (mut served, mut paid, mut burnt, mut refunded) = (0, 0, 0, 0);
		for number in 1..=chain.best().await {
			for event in chain.events(number).await {
				let about = ["Settled", "EndAnnounced", "Closed"];
				if event.pallet != "GpuMarket"
					|| !about.contains(&event.name.as_str())
					|| event.number("lease") != u128::from(lease)
				{
					continue;
				}
				refunded += event.number("refund");
				if event.name == "Settled" {
					served += event.small("payable");
					paid += event.number("paid");
					burnt += event.number("fee");
				} else if event.name == "Closed" {
					burnt += event.number("fee") + event.number("burnt");
					return Self {
						reason: event.variant("reason"),
						closed_in: number,
						served,
						paid,
						burnt,
						refunded,
						convicted: event.number("convicted"),
					};
				}
			}
		}
		panic!("lease {lease} is not closed")
	}

	/// All that was ever held for it, a deposit apart.
	pub fn escrow(&self) -> u128 {
		self.paid + self.burnt + self.refunded
	}
}

/// Runs a script of the repository with the packages of the JavaScript tests.
pub fn node_script(folder: &Path, script: &Path, arguments: &[&str]) -> Output {
	std::fs::create_dir_all(folder).expect("a folder for the script");
	let copy = folder.join(script.file_name().expect("a script has a name"));
	std::fs::copy(script, &copy).expect("the script is in the repository");
	let modules = folder.join("node_modules");
	if !modules.exists() {
		symlink(repository().join("tests/js/node_modules"), modules).expect("a link");
	}
	let mut node: Command = command("node", None);
	run(node.arg(copy).args(arguments), SCRIPT_LIMIT)
}

/// Rebuilds the market's books from the events alone, up to the latest finalized block, and compares
/// them with the chain.
///
/// # Panics
/// When they differ.
pub fn compare_books(folder: &Path, url: &str) {
	let output = node_script(folder, &repository().join("tests/js/ledger.mjs"), &[url]);
	println!("{}", output.stdout);
	assert!(output.success, "ledger.mjs: {}\n{}", output.stdout, output.stderr);
	assert!(output.stdout.contains("the books and the chain agree"), "{}", output.stdout);
}
