//! `assay reputation`: what an operator is known for.

use super::super::{amount, connect, line, show};
use crate::{chain::AccountId, config::Config, Error};
use assay_market::Reputation;
use serde_json::{json, Value};

/// Shows what an operator is known for.
pub(super) async fn run(config: &Config, operator: &AccountId, json: bool) -> Result<(), Error> {
	let chain = connect(config).await?;
	let known = chain.reputation(chain.best().await?, operator).await?;
	if json {
		show(&as_json(operator, &known));
	} else {
		line(as_text(operator, &known));
	}
	Ok(())
}

fn as_json(operator: &AccountId, known: &Reputation) -> Value {
	json!({
		"operator": operator.to_string(),
		"leases_kept": known.leases_kept,
		"leases_lost": known.leases_lost,
		"convictions": known.convictions,
		"fees_kept": { "asy": amount(known.kept.native), "credits": amount(known.kept.credits) },
		"fees_lost": { "asy": amount(known.lost.native), "credits": amount(known.lost.credits) },
		"service_gpu_blocks": known.service.to_string(),
	})
}

fn as_text(operator: &AccountId, known: &Reputation) -> String {
	format!(
		"operator {operator}\nleases   {} kept, {} lost, {} convictions\nburnt    {} ASY and {} \
		 credits of fees for what was served\nlost     {} ASY and {} credits of fees that lost \
		 leases would have burnt\nservice  {} blocks times GPUs\nfees and blocks count half after \
		 a while; the number of leases is that of all time",
		known.leases_kept,
		known.leases_lost,
		known.convictions,
		amount(known.kept.native),
		amount(known.kept.credits),
		amount(known.lost.native),
		amount(known.lost.credits),
		known.service
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_market::Amounts;

	#[test]
	fn reputation_should_be_told_in_facts() {
		let known = Reputation {
			kept: Amounts { native: 1_500_000_000_000, credits: 0 },
			leases_kept: 3,
			leases_lost: 1,
			service: 1_000,
			..Default::default()
		};
		let operator = AccountId::from([1; 32]);
		let text = as_text(&operator, &known);
		assert!(text.contains("3 kept, 1 lost, 0 convictions"), "{text}");
		assert!(text.contains("burnt    1.5 ASY and 0 credits"), "{text}");
		assert_eq!(as_json(&operator, &known)["fees_kept"]["asy"], "1.5");
	}
}
