//! What a command is about to do, how that is shown, and how it is done.

use super::{amount, connect, line, show};
use crate::{
	chain::{self, AccountId, Call, Chain, Event, Head, Inclusion, OperatorView, Terms, Trial},
	config::Config,
	keys, Error,
};
use assay_market::Currency;
use serde_json::{json, Map, Value};
use std::{fmt::Write, time::Duration};
use subxt_signer::sr25519::Keypair;

/// How long a transaction may take to get into a block.
const INCLUSION_DEADLINE: Duration = Duration::from_secs(90);
/// How long it may take to become final.
const FINALITY_DEADLINE: Duration = Duration::from_secs(300);

/// How a plan is carried out and shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
	/// Show it only.
	pub(super) dry_run: bool,
	/// Wait for finality.
	pub(super) finalized: bool,
	/// Show JSON.
	pub(super) json: bool,
}

/// The chain as a command finds it, and who signs.
pub(super) struct Context {
	pub(super) chain: Chain,
	pub(super) signer: Keypair,
	pub(super) account: AccountId,
	pub(super) best: Head,
	pub(super) terms: Terms,
}

impl Context {
	/// Connects and looks.
	pub(super) async fn new(config: &Config, signer: Keypair) -> Result<Self, Error> {
		let chain = connect(config).await?;
		let best = chain.best().await?;
		let terms = chain.terms(best).await?;
		Ok(Self { account: keys::account(&signer), chain, signer, best, terms })
	}

	/// The signer as an operator, if it is one.
	pub(super) async fn own(&self) -> Result<Option<OperatorView>, Error> {
		Ok(self.chain.operator(self.best, &self.account).await?)
	}
}

/// One transaction and what it brings about.
#[derive(Clone, Debug)]
pub(super) struct Step {
	/// The transaction.
	pub(super) call: Call,
	/// What it does, in words.
	pub(super) effect: String,
	/// When that takes effect.
	pub(super) takes_effect: String,
	/// What the signer cannot spend any more, in units of 10⁻¹² ASY.
	pub(super) holds: u128,
	/// The same of its credits, in units of 10⁻¹² credits.
	pub(super) holds_credits: u128,
	/// Why the chain would refuse it, and what to do, as far as can be seen from outside.
	pub(super) refusal: Option<String>,
	/// Why the node cannot try it out, if it cannot.
	pub(super) untried: Option<&'static str>,
	/// What programs are told besides.
	pub(super) numbers: Map<String, Value>,
}

impl Step {
	/// A step that takes effect at once and holds nothing.
	pub(super) fn new(call: Call, effect: impl Into<String>) -> Self {
		Self {
			call,
			effect: effect.into(),
			takes_effect: "at once".into(),
			holds: 0,
			holds_credits: 0,
			refusal: None,
			untried: None,
			numbers: Map::new(),
		}
	}

	/// It takes effect later.
	pub(super) fn later(self, takes_effect: impl Into<String>) -> Self {
		Self { takes_effect: takes_effect.into(), ..self }
	}

	/// It holds an amount.
	pub(super) fn holding(self, holds: u128) -> Self {
		Self { holds, ..self }
	}

	/// It holds an amount more, in either currency.
	pub(super) fn holding_in(self, currency: Currency, amount: u128) -> Self {
		match currency {
			Currency::Native => Self { holds: self.holds.saturating_add(amount), ..self },
			Currency::Credits => {
				Self { holds_credits: self.holds_credits.saturating_add(amount), ..self }
			}
		}
	}

	/// Programs are told these numbers, too.
	pub(super) fn with(self, numbers: Map<String, Value>) -> Self {
		Self { numbers, ..self }
	}

	/// It would be refused, if there is a reason.
	pub(super) fn unless(self, refusal: Option<String>) -> Self {
		Self { refusal, ..self }
	}

	/// Fails if the chain would refuse it: nobody should pay a fee for that.
	pub(super) fn ensure_allowed(&self) -> Result<(), chain::Error> {
		match self.refusal.clone() {
			Some(reason) => Err(chain::Error::WouldBeRefused { call: self.call.name(), reason }),
			None => Ok(()),
		}
	}
}

/// What a command is about to do.
#[derive(Clone, Debug)]
pub(super) enum Plan {
	/// Nothing: what it asks for is so already.
	Nothing {
		/// Why.
		because: String,
		/// Numbers that the next command needs.
		extra: Map<String, Value>,
	},
	/// One transaction.
	Do(Box<Step>),
}

impl Plan {
	/// Nothing is to be done.
	pub(super) fn nothing(because: impl Into<String>) -> Self {
		Self::Nothing { because: because.into(), extra: Map::new() }
	}
}

impl From<Step> for Plan {
	fn from(step: Step) -> Self {
		Self::Do(Box::new(step))
	}
}

/// Carries a plan out, or shows it.
pub(super) async fn perform(context: &Context, plan: Plan, how: How) -> Result<(), Error> {
	let (value, text) = match plan {
		Plan::Nothing { because, extra } => nothing(&because, extra),
		Plan::Do(step) if how.dry_run => preview(context, &step).await?,
		Plan::Do(step) => carry_out(context, &step, how).await?,
	};
	if how.json {
		show(&value);
	} else if how.dry_run {
		line(format!("{text}\nnothing was sent"));
	} else {
		line(text);
	}
	Ok(())
}

/// Says that nothing is to be done.
pub(super) fn nothing(because: &str, extra: Map<String, Value>) -> (Value, String) {
	let mut text = format!("nothing to do: {because}");
	for (name, value) in &extra {
		let _ = write!(text, "\n  {name} {value}");
	}
	let mut value = json!({ "nothing_to_do": true, "because": because });
	if let Some(object) = value.as_object_mut() {
		object.extend(extra);
	}
	(value, text)
}

/// Shows what a step would do and cost, and whether the chain would refuse it.
pub(super) async fn preview(context: &Context, step: &Step) -> Result<(Value, String), Error> {
	let chain = &context.chain;
	let best = chain.best().await?;
	let mut anchor = chain.finalized().await?;
	if anchor.number >= best.number {
		// The state of a block does not know the block's own hash.
		let number = best.number.saturating_sub(1);
		if let Some(hash) = chain.block_hash(number).await? {
			anchor = Head { number, hash };
		}
	}
	let nonce = chain.next_nonce(&context.account).await?;
	let draft = chain.sign(&step.call, &context.signer, nonce, best, anchor).await?;
	let fee = chain.fee(&draft, best).await?;
	let trial = match step.untried {
		Some(why) => Trial::Unknown(why.into()),
		None => chain.try_out(&draft, best).await?,
	};
	let balance = chain.balance(best, &context.account).await?;
	let credits = match step.holds_credits {
		0 => 0,
		_ => chain.credits(best, &context.account).await?,
	};
	let least = context.terms.existential_deposit;
	let refusal = step
		.refusal
		.clone()
		.or_else(|| unaffordable("ASY", balance, step.holds.saturating_add(fee), least))
		.or_else(|| unaffordable("credits", credits, step.holds_credits, 0));
	let (verdict, reason) = judge(trial, refusal);
	let mut value = json!({
		"dry_run": true,
		"call": step.call.name(),
		"signer": context.account.to_string(),
		"effect": step.effect,
		"takes_effect": step.takes_effect,
		"held_asy": amount(step.holds),
		"held_credits": amount(step.holds_credits),
		"fee_asy": amount(fee),
		"verdict": verdict,
		"reason": reason,
	});
	if let Some(object) = value.as_object_mut() {
		object.extend(step.numbers.clone());
	}
	let text = format!(
		"{} signed by {}\n  effect   {}\n  when     {}\n  holds    {} ASY{}\n  fee      {} ASY\n  \
		 verdict  {verdict}{}",
		step.call.name(),
		context.account,
		step.effect,
		step.takes_effect,
		amount(step.holds),
		match step.holds_credits {
			0 => String::new(),
			credits => format!(" and {} credits", amount(credits)),
		},
		amount(fee),
		reason.map(|reason| format!(": {reason}")).unwrap_or_default(),
	);
	Ok((value, text))
}

/// The verdict of a dry run, in one word and a reason. What the node found weighs more than what is
/// seen from outside.
fn judge(trial: Trial, refusal: Option<String>) -> (&'static str, Option<String>) {
	match (trial, refusal) {
		(Trial::Accepted, _) => ("accepted", None),
		(Trial::Refused(chain), Some(fix)) => ("refused", Some(format!("{fix} ({chain})"))),
		(Trial::Refused(chain), None) => ("refused", Some(chain)),
		(Trial::Unknown(_), Some(fix)) => ("refused", Some(fix)),
		(Trial::Unknown(why), None) => ("unknown", Some(why)),
	}
}

/// Why an account cannot pay, if it cannot: `needed` would leave less than `least` of `balance`.
fn unaffordable(unit: &str, balance: u128, needed: u128, least: u128) -> Option<String> {
	let needed = needed.saturating_add(least);
	let lacking = needed.checked_sub(balance).filter(|lacking| *lacking > 0)?;
	Some(format!(
		"the account has {} {unit} and needs {} {unit}: send it {} {unit} more",
		amount(balance),
		amount(needed),
		amount(lacking)
	))
}

/// Carries a step out, unless it would be refused, and tells what came of it.
pub(super) async fn carry_out(
	context: &Context,
	step: &Step,
	how: How,
) -> Result<(Value, String), Error> {
	step.ensure_allowed()?;
	let chain = &context.chain;
	let (best, finalized) = (chain.best().await?, chain.finalized().await?);
	let nonce = chain.next_nonce(&context.account).await?;
	let draft = chain.sign(&step.call, &context.signer, nonce, best, finalized).await?;
	let fee = chain.fee(&draft, best).await?;
	let deadline = if how.finalized { FINALITY_DEADLINE } else { INCLUSION_DEADLINE };
	let inclusion = chain.execute(&step.call, &context.signer, how.finalized, deadline).await?;
	let mut extra = results(chain, &step.call, &context.account).await?;
	extra.extend(made(&inclusion.events));
	Ok(tell(step, &inclusion, fee, extra))
}

/// Numbers that the chain gave and that the next command needs.
async fn results(
	chain: &Chain,
	call: &Call,
	operator: &AccountId,
) -> Result<Map<String, Value>, Error> {
	let mut extra = Map::new();
	let best = chain.best().await?;
	match call {
		Call::AddWorker { .. } => {
			if let Some(worker) = chain.workers_of(best, operator).await?.last() {
				extra.insert("worker".into(), json!(worker));
			}
		}
		Call::AddDevice { worker, .. } => {
			let view = chain.worker(best, *worker).await?;
			if let Some(device) = view.and_then(|view| view.devices.last().map(|d| d.device)) {
				extra.insert("worker".into(), json!(worker));
				extra.insert("device".into(), json!(device));
			}
		}
		_ => (),
	}
	Ok(extra)
}

/// Names of offers and leases that the chain gave.
fn made(events: &[Event]) -> Map<String, Value> {
	let all = |event: &str, field: &str| -> Vec<u64> {
		let named = events.iter().filter(|told| told.name == event);
		named.filter_map(|told| told.number(field)).collect()
	};
	let mut made = Map::new();
	if let [offer] = all("GpuMarket.OfferCreated", "offer").as_slice() {
		made.insert("offer".into(), json!(offer));
	}
	match all("GpuMarket.LeaseRequested", "lease").as_slice() {
		[] => (),
		[lease] => {
			made.insert("lease".into(), json!(lease));
		}
		leases => {
			made.insert("leases".into(), json!(leases));
		}
	}
	made
}

fn tell(
	step: &Step,
	inclusion: &Inclusion,
	fee: u128,
	extra: Map<String, Value>,
) -> (Value, String) {
	let block = format!("0x{}", hex::encode(inclusion.block));
	let transaction = format!("0x{}", hex::encode(inclusion.transaction));
	let mut text = format!(
		"{}: {}\n  when {}\n  in block {block}",
		step.call.name(),
		step.effect,
		step.takes_effect
	);
	for (name, value) in &extra {
		let _ = write!(text, "\n  {name} {value}");
	}
	let mut value = json!({
		"call": step.call.name(),
		"block": block,
		"transaction": transaction,
		"fee_asy": amount(fee),
		"effect": step.effect,
		"takes_effect": step.takes_effect,
		"events": inclusion.events.iter().map(Event::to_string).collect::<Vec<_>>(),
	});
	if let Some(object) = value.as_object_mut() {
		object.extend(step.numbers.clone());
		object.extend(extra);
	}
	(value, text)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn dry_run_should_believe_the_node_when_it_can_tell() {
		let fix = || Some("bond less".to_string());
		assert_eq!(judge(Trial::Accepted, fix()), ("accepted", None));
		assert_eq!(
			judge(Trial::Refused("Too much. [A.B]".into()), fix()),
			("refused", Some("bond less (Too much. [A.B])".into()))
		);
		assert_eq!(judge(Trial::Unknown("a public node".into()), fix()), ("refused", fix()));
		let unknown = judge(Trial::Unknown("a public node".into()), None);
		assert_eq!(unknown, ("unknown", Some("a public node".into())));
	}

	#[test]
	fn dry_run_should_name_what_lacks_when_an_account_cannot_pay() {
		const ASY: u128 = 1_000_000_000_000;
		assert_eq!(unaffordable("ASY", 11 * ASY, 10 * ASY, ASY), None);
		let refusal = unaffordable("ASY", 3 * ASY, 10 * ASY, ASY).expect("too little");
		assert_eq!(refusal, "the account has 3 ASY and needs 11 ASY: send it 8 ASY more");
	}

	#[test]
	fn step_should_not_be_allowed_when_the_chain_would_refuse_it() {
		let step = Step::new(Call::Withdraw, "returns 1 ASY");
		assert!(step.ensure_allowed().is_ok());
		let refused = step.unless(Some("wait for block 5".into())).ensure_allowed();
		let refused = Error::from(refused.expect_err("it would be refused"));
		assert_eq!(
			(refused.code(), refused.fix()),
			("transaction-refused", "wait for block 5".into())
		);
	}

	#[test]
	fn nothing_should_be_told_with_its_reason_and_numbers() {
		let mut extra = Map::new();
		extra.insert("worker".into(), json!(7));
		let (value, text) = nothing("it is so already", extra);
		assert_eq!(value["nothing_to_do"], true);
		assert_eq!(value["worker"], 7);
		assert_eq!(text, "nothing to do: it is so already\n  worker 7");
	}
}
