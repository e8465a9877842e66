//! Builds the runtime's Wasm blob beside the native library.

fn main() {
	#[cfg(feature = "std")]
	{
		// The target directory lies outside of the workspace, where the builder would look for the
		// lock file; without this it would not use the pinned versions. Asked of the environment, since
		// checkouts that share a target directory share the compiled form of this program too.
		let runtime = std::env::var_os("CARGO_MANIFEST_DIR").map(std::path::PathBuf::from);
		let workspace = runtime.as_deref().and_then(std::path::Path::parent);
		let Some(workspace) = workspace.filter(|folder| folder.join("Cargo.lock").is_file()) else {
			panic!("{runtime:?} does not lie in the workspace, beside its Cargo.lock");
		};
		std::env::set_var("WASM_BUILD_WORKSPACE_HINT", workspace);
		substrate_wasm_builder::WasmBuilder::build_using_defaults();
	}
}
