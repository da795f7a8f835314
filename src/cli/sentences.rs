// What the command says to people in their language. Read twice, as `src/ground/codes.rs` is.
sentences! {
    /// Photos of a sheet that is accepted.
    GoodPhotos { photos: String }
    /// Photos that are to be taken again.
    TakeAgain { photos: String }
    /// Photos that are good enough, of a sheet that is not accepted.
    LookAt { photos: String }
}
