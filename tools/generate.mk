# How generated sources are made; all of them stay in the build folder.
LEMON := lemon -q -T/usr/share/lemon/lempar.c
# Zone names are the files of tzdata, but for its copies of itself.
ZONEINFO := /usr/share/zoneinfo
HOST_CC ?= gcc
$(GEN)/gen_zones: tools/gen_zones.c vm/zone_rule.h $(GEN)/.made
	@$(HOST_CC) -std=c11 -O1 -Wall -Wextra -o $@ $<
$(GEN)/zones.c: $(GEN)/gen_zones
	@cd $(ZONEINFO) && find -L . -type f ! -path './posix/*' ! -path './right/*' ! -name 'posix*' ! -name localtime | \
	  sed 's|^\./||' | LC_ALL=C sort | $(abspath $<) $(ZONEINFO) >$(abspath $@)
$(GEN)/cel_grammar.c: grammar/cel.y $(GEN)/.made
	@$(LEMON) -d$(GEN) $< && mv $(GEN)/cel.c $@ && mv $(GEN)/cel.h $(GEN)/cel_tokens.h
$(GEN)/cel_scanner.c: grammar/cel.re $(GEN)/cel_grammar.c
	@re2c -W -Werror -i --no-generation-date -o $@ $<
$(GEN)/key_tables.h: grammar/tags.def grammar/keys.def tools/gen_grammar.awk $(GEN)/.made
	@awk -v want=tables -f tools/gen_grammar.awk grammar/tags.def grammar/keys.def >$@
$(GEN)/orchestration.c: grammar/orchestration.y $(GEN)/key_tables.h
	@awk -v want=grammar -f tools/gen_grammar.awk grammar/tags.def grammar/keys.def $< >$(GEN)/orchestration.y
	@$(LEMON) -d$(GEN) $(GEN)/orchestration.y
