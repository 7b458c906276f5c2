#!/bin/sh
# Makes ../../assets/js/vendor/markdown-it.js: markdown-it with changes.patch as one ES module, with
# the platform in place of the packages that it depends on. Needs Node.js, npm and patch; the versions
# are in package-lock.json.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund
patch --quiet node_modules/markdown-it/dist/markdown-it.mjs changes.patch
out=../../assets/js/vendor
./node_modules/.bin/esbuild entry.js \
  --bundle --format=esm --target=es2022 --minify --legal-comments=none --log-level=warning \
  --alias:entities=./platform/entities.js \
  --alias:uc.micro=./platform/uc-micro.js \
  --alias:mdurl=./platform/unused.js \
  --alias:linkify-it=./platform/unused.js \
  --alias:punycode.js=./platform/unused.js \
  --banner:js='/*! markdown-it 15.0.3 | with changes | MIT License | see markdown-it.LICENSE.txt | made by web/vendor/markdown-it/build.sh */' \
  --outfile=$out/markdown-it.js
cp node_modules/markdown-it/LICENSE $out/markdown-it.LICENSE.txt
printf 'markdown-it.js: %s bytes, %s with gzip\n' \
  "$(wc -c < $out/markdown-it.js)" "$(gzip -9 -c $out/markdown-it.js | wc -c)"
