// In place of the packages `mdurl`, `punycode.js` and `linkify-it`. SockBit sets `normalizeLink`,
// `normalizeLinkText` and `validateLink`, and leaves `linkify` off, so nothing calls them.

export class LinkifyIt {}

export default {};
