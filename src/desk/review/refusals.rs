// What the review's page asked for and does not get. Read twice, as `src/ground/codes.rs` is.
refusals! {
    /// The run lacks the sheet.
    UnknownSheet {}
    /// The sheet lacks the field.
    UnknownNumber {}
    /// That cannot be done to it.
    NoSuchAction {}
    /// Not a number that the form can print.
    NotANumber { largest: u32 }
    /// Not a code of the form.
    NotACode {}
    /// "As printed" without a value.
    NothingShown {}
    /// Nothing of this reviewer is left to undo.
    NothingToUndo {}
}
