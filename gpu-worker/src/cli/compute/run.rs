//! `assay run`: one job from its files to its results.

use super::{line, money, open, show, Open, Target};
use crate::{
	chain,
	cli::{amount, hourly},
	config::Config,
	Error,
};
use assay_compute::{
	client::ClientError,
	jobs::{JobId, JobResult, Output, State, View},
	sandbox::Failure,
	Hash,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{json, Value};
use std::{
	cell::Cell,
	collections::BTreeMap,
	fs::File,
	path::{Path, PathBuf},
};

/// What to run.
#[derive(clap::Args, Debug)]
pub(in super::super) struct Args {
	/// The job: a manifest, in which {"file": "path"} may stand for what is to be uploaded
	#[arg(value_name = "JOB.JSON", required_unless_present = "job")]
	file: Option<PathBuf>,
	/// Follow and fetch a job that was submitted before, and submit nothing. Without JOB.JSON only the
	/// worker says what the job gives, and that goes to a folder of the job's name
	#[arg(long, value_name = "ID", value_parser = parse_job)]
	job: Option<JobId>,
	/// Where to write the results, each under its name; what is there is not overwritten
	#[arg(long, value_name = "FOLDER", default_value = ".")]
	out: PathBuf,
	#[command(flatten)]
	target: Target,
}

pub(super) fn parse_job(text: &str) -> Result<JobId, String> {
	text.parse().map_err(|()| format!("\"{text}\" is no job: `assay jobs` lists them"))
}

/// Sizes in bytes by the names of outputs.
type Outputs = BTreeMap<String, u64>;

/// A job as it was written.
struct Template {
	job: Value,
	/// What its files are relative to.
	folder: PathBuf,
	outputs: Outputs,
}

/// Runs it.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	let template = args.file.as_deref().map(read).transpose()?;
	let out = match (&template, args.job) {
		(None, Some(id)) => args.out.join(id.to_string()),
		_ => args.out,
	};
	std::fs::create_dir_all(&out)
		.map_err(|cause| Error::File { path: out.clone(), cause: cause.to_string() })?;
	let open = open(config, &args.target).await?;
	let submitted = Cell::new(args.job);
	let report = tokio::select! {
		report = see_through(&open, template, &submitted, &out) => report?,
		_ = tokio::signal::ctrl_c() => {
			return Err(Error::Interrupted { fix: how_to_go_on(open.id, submitted.get()) });
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
		None => "no job is known to be submitted: unless `assay jobs` shows a new one, the same \
		         command goes on where the upload stopped"
			.into(),
		Some(id) => format!(
			"the job goes on; the same command with `--job {id}` follows and fetches it, `assay jobs \
			 --lease {lease} --cancel {id}` ends it"
		),
	}
}

/// Submits the job unless it is, follows it, and fetches what it gives.
async fn see_through(
	open: &Open,
	template: Option<Template>,
	submitted: &Cell<Option<JobId>>,
	out: &Path,
) -> Result<Report, Error> {
	let begin = open.chain.best().await?.number;
	let id = match (submitted.get(), &template) {
		(Some(id), _) => id,
		(None, Some(template)) => submit(open, template, out).await?,
		(None, None) => {
			return Err(Error::Lease {
				cause: "there is nothing to run".into(),
				fix: "name a file with a job, or a job with --job".into(),
			});
		}
	};
	submitted.set(Some(id));
	let view = follow(open, &id).await?;
	if view.state != State::Finished {
		return Err(Error::Job(view.failure.unwrap_or_else(|| Failure::Cancelled.into())));
	}
	let result = open.client.result(&id).await?;
	if let Some(template) = template {
		check(&result, &template.outputs)?;
	}
	let files = download(open, &result, out).await?;
	let best = open.chain.best().await;
	let blocks = best.map(|best| best.number.saturating_sub(begin).max(1));
	Ok(Report { id, view, result, files, blocks })
}

fn read(path: &Path) -> Result<Template, Error> {
	let wrong = |cause: String| Error::File { path: path.into(), cause };
	let text = std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
	let job = serde_json::from_str(&text).map_err(|cause| wrong(cause.to_string()))?;
	let outputs = outputs_of(&job).map_err(wrong)?;
	Ok(Template { job, folder: path.parent().unwrap_or(Path::new("")).into(), outputs })
}

/// What a job names as its outputs.
fn outputs_of(job: &Value) -> Result<Outputs, String> {
	let list = |field: &str| job[field].as_array().into_iter().flatten();
	let names = list("outputs").filter_map(Value::as_str);
	let sized = names.map(|name| {
		let buffer = list("buffers").find(|buffer| buffer["name"] == name);
		let size = buffer.and_then(|buffer| buffer["size"].as_u64());
		let size = size.ok_or_else(|| format!("its output {name} is no buffer with a size"))?;
		Ok((name.into(), size))
	});
	sized.collect()
}

/// Fails unless a worker offers what the job has named, and nothing else.
fn check(result: &JobResult, asked: &Outputs) -> Result<(), ClientError> {
	let given = result.outputs.iter().map(|(name, output)| (name, &output.size));
	match given.eq(asked) {
		true => Ok(()),
		false => Err(ClientError::Answer(format!(
			"it offers other outputs than those of the job, which are, by name and size, {asked:?}"
		))),
	}
}

async fn submit(open: &Open, template: &Template, out: &Path) -> Result<JobId, Error> {
	// Nobody should pay for results that have no place.
	for name in template.outputs.keys() {
		vacant(out, name)?;
	}
	let bar = bar("{msg:20!} {bytes:>10} of {total_bytes:10} [{bar:30}]");
	let progress = |name: &str, done, all| {
		bar.set_message(name.to_string());
		bar.set_length(all);
		bar.set_position(done);
	};
	let manifest = open.client.resolve(template.job.clone(), &template.folder, progress).await?;
	bar.finish_and_clear();
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

/// The file of an output in the folder of results, which is not there yet.
fn vacant(out: &Path, name: &str) -> Result<PathBuf, Error> {
	let path = out.join(file_name(name)?);
	if path.symlink_metadata().is_err() {
		return Ok(path);
	}
	let cause = "it is there, and a result does not overwrite it: move it away, or name another \
	             folder with --out";
	Err(Error::File { path, cause: cause.into() })
}

/// The file of an output if an earlier try has fetched it.
fn fetched(out: &Path, name: &str, output: &Output) -> Result<Option<PathBuf>, Error> {
	let path = out.join(file_name(name)?);
	let found = File::open(&path).and_then(|mut file| Hash::of_reader(&mut file));
	Ok(found.is_ok_and(|found| found == (output.blob, output.size)).then_some(path))
}

async fn download(open: &Open, result: &JobResult, out: &Path) -> Result<Vec<PathBuf>, Error> {
	let bar = bar("{msg:20!} {bytes:>10} of {total_bytes:10} [{bar:30}] {bytes_per_sec}");
	let mut files = Vec::new();
	for (name, output) in &result.outputs {
		if let Some(path) = fetched(out, name, output)? {
			files.push(path);
			continue;
		}
		let path = vacant(out, name)?;
		bar.set_message(name.clone());
		bar.set_length(output.size);
		let progress = |done| bar.set_position(done);
		open.client.download(&output.blob, output.size, &path, progress).await?;
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
	/// How many blocks it took, with its files; the chain may be out of reach by now.
	blocks: Result<u32, chain::Error>,
}

impl Report {
	/// What the lease has cost in so many blocks, in units of 10⁻¹² of its currency.
	fn cost(open: &Open, blocks: u32) -> u128 {
		assay_market::charge::total(open.lease.price, open.lease.count, blocks)
	}

	fn outputs(&self) -> impl Iterator<Item = (&PathBuf, u64, Hash)> {
		let outputs = self.result.outputs.values();
		self.files.iter().zip(outputs).map(|(file, output)| (file, output.size, output.blob))
	}

	fn json(&self, open: &Open) -> Value {
		let outputs = self.outputs().map(
			|(file, size, hash)| json!({ "file": file, "bytes": size, "sha256": hash.to_string() }),
		);
		let blocks = self.blocks.as_ref().ok();
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
			"blocks": blocks,
			"cost": blocks.map(|blocks| amount(Self::cost(open, *blocks))),
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
			Some(hash) => format!(
				"\nhash     {hash}, the same on every device if the shader has no data race, stays \
				 inside of its buffers and has no loop of more than 60,000 rounds"
			),
			None => "\nhash     none: its shader uses what devices may compute differently".into(),
		});
		let currency = open.lease.currency;
		out.push_str(&match &self.blocks {
			Ok(blocks) => format!(
				"\ncost     {} for {blocks} blocks of {} GPUs at {} per hour; the lease goes on",
				money(Self::cost(open, *blocks), currency),
				open.lease.count,
				money(hourly(open.lease.price, open.slot_ms), currency)
			),
			Err(error) => format!("\ncost     could not be read: {error}; the lease goes on"),
		});
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
		assert!(told.contains(&format!("--job {id}")), "{told}");
		assert!(told.contains(&format!("assay jobs --lease 7 --cancel {id}")), "{told}");
		assert!(how_to_go_on(7, None).contains("the same command"));
	}

	/// What a job brings whose outputs hold these texts.
	fn result(outputs: &[(&str, &str)]) -> JobResult {
		let output =
			|text: &str| Output { blob: Hash::of(text.as_bytes()), size: text.len() as u64 };
		JobResult {
			outputs: outputs.iter().map(|(name, text)| (name.to_string(), output(text))).collect(),
			reproducible: false,
			outputs_hash: None,
			start_ms: 0.0,
			kernel_ms: 0.0,
			paused_ms: 0,
		}
	}

	#[test]
	fn outputs_should_be_refused_when_they_are_not_those_of_the_job() {
		let mut job = json!({
			"buffers": [{ "name": "a", "size": 4 }, { "name": "b", "size": 8 }],
			"outputs": ["a"],
		});
		let asked = outputs_of(&job).expect("it is a job");
		assert!(check(&result(&[("a", "four")]), &asked).is_ok());
		for given in [
			&[][..],
			&[("a", "three")],
			&[("b", "four")],
			&[("a", "four"), ("b", "of eight")],
			&[("a", "four"), ("Makefile", "all:")],
		] {
			let refused = check(&result(given), &asked).expect_err("it is another");
			assert!(refused.to_string().contains("{\"a\": 4}"), "{refused}");
		}
		job["outputs"] = json!(["c"]);
		assert!(outputs_of(&job).is_err());
		assert!(outputs_of(&json!(7)).is_ok_and(|outputs| outputs.is_empty()));
	}

	#[test]
	fn file_should_be_kept_when_an_output_has_its_name() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let given = result(&[("a", "four")]);
		let output = &given.outputs["a"];
		assert_eq!(fetched(folder.path(), "a", output).expect("it is a name"), None);
		let path = vacant(folder.path(), "a").expect("nothing is there");
		std::fs::write(&path, "mine").expect("writable");
		assert!(vacant(folder.path(), "a").is_err());
		assert_eq!(fetched(folder.path(), "a", output).expect("it is a name"), None);
		std::fs::write(&path, "four").expect("writable");
		assert_eq!(fetched(folder.path(), "a", output).expect("it is a name"), Some(path));
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
