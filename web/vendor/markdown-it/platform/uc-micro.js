// In place of the package `uc.micro`: classes of characters, by the platform's own Unicode.

export const P = /\p{P}/u;
export const S = /\p{S}/u;
