//! The `cotejo` command, as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    cotejo::ground::memory::keep();
    ExitCode::from(cotejo::cli::command(std::env::args_os(), cotejo::cli::decode_apart))
}
