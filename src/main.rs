//! The `cotejo` command: parse, resolve, run, exit code.

use clap::Parser;
use cotejo::cli::{
    self as commands,
    args::{Cli, Command, FormCommand},
};
use std::process::ExitCode;

fn main() -> ExitCode {
    cotejo::ground::memory::keep();
    let cli = Cli::parse();
    commands::log(cli.log);
    if !matches!(cli.command, Command::Decode) {
        commands::decode_apart();
    }
    let result = match &cli.command {
        Command::Run(args) => commands::run(args),
        Command::Check(args) => commands::check(args),
        Command::Decide(args) => commands::decide(args),
        Command::Report(args) => commands::report(args),
        Command::Review(args) => commands::review(args),
        Command::Tally(args) => commands::tally(args),
        Command::Export(args) => commands::export(args),
        Command::Verify(args) => commands::verify(args),
        Command::Publish(args) => commands::publish(args),
        Command::Eval(args) => commands::eval(args),
        Command::Synth(args) => commands::synth(args),
        Command::Forms(args) => commands::forms(args),
        Command::Form(FormCommand::Check(args)) => commands::form_check(args),
        Command::Form(FormCommand::Landmarks(args)) => commands::form_landmarks(args),
        Command::Form(FormCommand::Learn(args)) => commands::form_learn(args),
        Command::Schema => commands::schema(),
        Command::Decode => commands::decode(),
    };
    match result {
        Ok(commands::Outcome::Clean) => ExitCode::SUCCESS,
        Ok(commands::Outcome::Open) => ExitCode::from(1),
        // Whoever reads has seen enough.
        Err(error) if error.is::<commands::Closed>() => ExitCode::SUCCESS,
        Err(error) => {
            commands::failed(&error);
            ExitCode::from(2)
        }
    }
}
