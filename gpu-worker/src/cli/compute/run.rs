//! `assay run`: one job from its files to its results.

use super::{line, money, open, show, Open, Target};
use crate::{
	cli::{amount, hourly},
	config::Config,
	Error,
};
use assay_compute::{
	client::ClientError,
	jobs::{JobId, JobResult, State, View},
	sandbox::Failure,
	Hash,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{json, Value};
use std::{
	cell::Cell,
	path::{Path, PathBuf},
};

/// What to run.
#[derive(clap::Args, Debug)]
pub(in super::super) struct Args {
	/// The job: a manifest, in which {"file": "path"} may stand for what is to be uploaded
	#[arg(value_name = "JOB.JSON", required_unless_present = "job")]
	file: Option<PathBuf>,
	/// Follow and fetch a job that was submitted before instead
	#[arg(long, value_name = "ID", value_parser = parse_job, conflicts_with = "file")]
	job: Option<JobId>,
	/// Where to write the results, each under its name
	#[arg(long, value_name = "FOLDER", default_value = ".")]
	out: PathBuf,
	#[command(flatten)]
	target: Target,
}

pub(super) fn parse_job(text: &str) -> Result<JobId, String> {
	text.parse().map_err(|()| format!("\"{text}\" is no job: `assay jobs` lists them"))
}

/// Runs it.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	let template = args.file.as_deref().map(read).transpose()?;
	std::fs::create_dir_all(&args.out)
		.map_err(|cause| Error::File { path: args.out.clone(), cause: cause.to_string() })?;
	let open = open(config, &args.target).await?;
	let submitted = Cell::new(args.job);
	let report = tokio::select! {
		report = see_through(&open, template, &submitted, &args.out) => report?,
		_ = tokio::signal::ctrl_c() => {
			tracing::info!("{}", how_to_go_on(open.id, submitted.get()));
			return Ok(());
		}
	};
	if json {
		show(&report.json(&open));
	} else {
		line(report.text(&open));
	}
	Ok(())
}

/// What a person is told who has interrupted it.
fn how_to_go_on(lease: u64, job: Option<JobId>) -> String {
	match job {
		None => "no job was submitted; the same command goes on where the upload stopped".into(),
		Some(id) => format!(
			"the job goes on; `assay run --lease {lease} --job {id}` follows and fetches it, `assay \
			 jobs --lease {lease} --cancel {id}` ends it"
		),
	}
}

/// Submits the job unless it is, follows it, and fetches what it gives.
async fn see_through(
	open: &Open,
	template: Option<(Value, PathBuf)>,
	submitted: &Cell<Option<JobId>>,
	out: &Path,
) -> Result<Report, Error> {
	let begin = open.chain.best().await?.number;
	if let Some((template, folder)) = template {
		submitted.set(Some(submit(open, template, &folder).await?));
	}
	let id = submitted.get().ok_or_else(|| Error::Lease {
		cause: "there is nothing to run".into(),
		fix: "name a file with a job, or a job with --job".into(),
	})?;
	let view = follow(open, &id).await?;
	if view.state != State::Finished {
		return Err(Error::Job(view.failure.unwrap_or_else(|| Failure::Cancelled.into())));
	}
	let result = open.client.result(&id).await?;
	let files = download(open, &result, out).await?;
	let blocks = open.chain.best().await?.number.saturating_sub(begin).max(1);
	Ok(Report { id, view, result, files, blocks })
}

/// The template and the folder that its files are relative to.
fn read(path: &Path) -> Result<(Value, PathBuf), Error> {
	let wrong = |cause: String| Error::File { path: path.into(), cause };
	let text = std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
	let template = serde_json::from_str(&text).map_err(|cause| wrong(cause.to_string()))?;
	Ok((template, path.parent().unwrap_or(Path::new("")).into()))
}

async fn submit(open: &Open, template: Value, folder: &Path) -> Result<JobId, Error> {
	let bar = bar("{msg:20!} {bytes:>10} of {total_bytes:10} [{bar:30}]");
	let progress = |name: &str, done, all| {
		bar.set_message(name.to_string());
		bar.set_length(all);
		bar.set_position(done);
	};
	let manifest = open.client.resolve(template, folder, progress).await?;
	bar.finish_and_clear();
	for name in &manifest.outputs {
		file_name(name)?;
	}
	let id = open.client.submit(&manifest).await?.id;
	tracing::info!(job = %id, lease = open.id, "submitted");
	Ok(id)
}

async fn follow(open: &Open, id: &JobId) -> Result<View, ClientError> {
	let bar = bar("{msg:20!} {pos:>10} of {len:10} [{bar:30}] {elapsed}");
	let view = open
		.client
		.follow(id, |view| {
			bar.set_message(word(view.state));
			bar.set_length(view.dispatches_total);
			bar.set_position(view.dispatches);
		})
		.await;
	bar.finish_and_clear();
	view
}

pub(super) fn word(state: State) -> &'static str {
	match state {
		State::Queued => "queued",
		State::Starting => "starting",
		State::Running => "running",
		State::Paused => "paused",
		State::Finished => "finished",
		State::Failed => "failed",
		State::Cancelled => "cancelled",
	}
}

/// A bar on standard error, which shows nothing where that is no terminal.
fn bar(template: &str) -> ProgressBar {
	let style = ProgressStyle::with_template(template);
	let bar = ProgressBar::new(0);
	match style {
		Ok(style) => bar.with_style(style),
		Err(_) => bar,
	}
}

/// A name of an output as that of a file in the folder of results, and never of one elsewhere.
fn file_name(name: &str) -> Result<&str, Error> {
	let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
	if name.bytes().all(plain) && !name.starts_with('.') {
		return Ok(name);
	}
	let cause = "it is no name of a file: give the buffer one of letters, digits, `.`, `_` and `-`";
	Err(Error::File { path: name.into(), cause: cause.into() })
}

async fn download(open: &Open, result: &JobResult, out: &Path) -> Result<Vec<PathBuf>, Error> {
	let bar = bar("{msg:20!} {bytes:>10} of {total_bytes:10} [{bar:30}] {bytes_per_sec}");
	let mut files = Vec::new();
	for (name, output) in &result.outputs {
		let path = out.join(file_name(name)?);
		bar.set_message(name.clone());
		bar.set_length(output.size);
		open.client.download(&output.blob, &path, |done| bar.set_position(done)).await?;
		files.push(path);
	}
	bar.finish_and_clear();
	Ok(files)
}

/// What a person is told at the end.
struct Report {
	id: JobId,
	view: View,
	result: JobResult,
	files: Vec<PathBuf>,
	/// How many blocks it took, with its files.
	blocks: u32,
}

impl Report {
	/// What the lease has cost meanwhile, in units of 10⁻¹² of its currency.
	fn cost(&self, open: &Open) -> u128 {
		assay_market::charge::total(open.lease.price, open.lease.count, self.blocks)
	}

	fn outputs(&self) -> impl Iterator<Item = (&PathBuf, u64, Hash)> {
		let outputs = self.result.outputs.values();
		self.files.iter().zip(outputs).map(|(file, output)| (file, output.size, output.blob))
	}

	fn json(&self, open: &Open) -> Value {
		let outputs = self.outputs().map(
			|(file, size, hash)| json!({ "file": file, "bytes": size, "sha256": hash.to_string() }),
		);
		json!({
			"job": self.id.to_string(),
			"lease": open.id,
			"worker": open.lease.worker,
			"device": self.view.device,
			"attempts": self.view.attempts,
			"outputs": outputs.collect::<Vec<_>>(),
			"reproducible": self.result.reproducible,
			"outputs_hash": self.result.outputs_hash.map(|hash| hash.to_string()),
			"start_ms": self.result.start_ms,
			"kernel_ms": self.result.kernel_ms,
			"paused_ms": self.result.paused_ms,
			"blocks": self.blocks,
			"cost": amount(self.cost(open)),
			"currency": if open.lease.currency == assay_market::Currency::Native { "ASY" } else { "credits" },
		})
	}

	fn text(&self, open: &Open) -> String {
		let JobResult { start_ms, kernel_ms, paused_ms, .. } = self.result;
		let mut out = format!("job      {} on device {}", self.id, self.view.device);
		for (file, size, hash) in self.outputs() {
			out.push_str(&format!("\nwrote    {} ({size} bytes, {hash})", file.display()));
		}
		out.push_str(&format!(
			"\ntime     {kernel_ms:.0} ms in kernels, {start_ms:.0} ms to the first of them, \
			 {paused_ms} ms paused for proof of FLOPS"
		));
		out.push_str(&match self.result.outputs_hash {
			Some(hash) => format!("\nhash     {hash}, the same on every device"),
			None => "\nhash     none: its shader uses what devices may compute differently".into(),
		});
		let currency = open.lease.currency;
		let price = hourly(open.lease.price, open.slot_ms);
		out.push_str(&format!(
			"\ncost     {} for {} blocks of {} GPUs at {} per hour; the lease goes on",
			money(self.cost(open), currency),
			self.blocks,
			open.lease.count,
			money(price, currency)
		));
		out
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn person_should_be_told_how_to_go_on_when_a_run_is_interrupted() {
		let id = "ab".repeat(16);
		let told = how_to_go_on(7, parse_job(&id).ok());
		assert!(told.contains(&format!("assay run --lease 7 --job {id}")), "{told}");
		assert!(how_to_go_on(7, None).contains("the same command"));
	}

	#[test]
	fn output_should_stay_in_its_folder_when_its_name_is_a_trick() {
		for name in ["c", "weights.f32", "a-b_2"] {
			assert_eq!(file_name(name).expect("it is one"), name);
		}
		for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", ".hidden", "a b", "é"] {
			assert!(name.is_empty() || file_name(name).is_err(), "{name}");
		}
	}
}
