//! The `assay` command.

fn main() -> std::process::ExitCode {
	assay_worker::run_cli()
}
