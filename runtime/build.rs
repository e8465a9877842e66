//! Builds the runtime's Wasm blob beside the native library.

fn main() {
	#[cfg(feature = "std")]
	{
		// The target directory lies outside of the workspace, where the builder would look for the
		// lock file; without this it would not use the pinned versions.
		std::env::set_var(
			"WASM_BUILD_WORKSPACE_HINT",
			std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
				.parent()
				.unwrap_or_else(|| panic!("{} lies in the workspace", env!("CARGO_MANIFEST_DIR"))),
		);
		substrate_wasm_builder::WasmBuilder::build_using_defaults();
	}
}
