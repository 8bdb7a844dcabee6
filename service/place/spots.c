/* What has been placed in one answer, and where there is room for more (rules of taste 6). */
#include "place/place.h"

struct str refusal_name(enum refusal r)
{
	switch (r) {
	case REFUSED_NOT:
		break;
	case REFUSED_NO_MATCH:
		return STR("no_match");
	case REFUSED_BELOW_THRESHOLD:
		return STR("below_threshold");
	case REFUSED_CROWDED:
		return STR("capped");
	case REFUSED_OUT_OF_STOCK:
		return STR("out_of_stock");
	case REFUSED_OVER_BUDGET:
		return STR("over_budget");
	case REFUSED_BLOCKED:
		return STR("blocked");
	}
	return STR_NONE;
}

void place_spots_init(struct place_spots *s, uint32_t max)
{
	*s = (struct place_spots){.max = max < PLACE_MAX_LINKS ? max : PLACE_MAX_LINKS, .clause = UINT32_MAX, .sentence = UINT32_MAX};
}

void place_spots_shown(struct place_spots *s, uint64_t product_key)
{
	if (s->shown_count < ARRAY_LEN(s->shown))
		s->shown[s->shown_count++] = product_key;
}

enum refusal place_room(const struct place_spots *s, const struct place_policy *p, const struct text_token *at, struct str phrase)
{
	if (s->count >= s->max || s->clause == at->clause)
		return REFUSED_CROWDED;
	if (s->sentence == at->sentence && s->in_sentence >= place_limits(p)->per_sentence)
		return REFUSED_CROWDED;
	uint64_t h = hash_bytes(phrase, 0);
	for (uint32_t i = 0; i < s->count; i++)
		if (s->phrase[i] == h)
			return REFUSED_CROWDED;
	return REFUSED_NOT;
}

bool place_has_product(const struct place_spots *s, uint64_t product_key)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->product[i] == product_key)
			return true;
	for (uint32_t i = 0; i < s->shown_count; i++)
		if (s->shown[i] == product_key)
			return true;
	return false;
}

void place_take(struct place_spots *s, const struct text_token *at, struct str phrase, uint64_t product_key)
{
	s->in_sentence = s->sentence == at->sentence ? s->in_sentence + 1 : 1;
	s->sentence = at->sentence;
	s->clause = at->clause;
	s->phrase[s->count] = hash_bytes(phrase, 0);
	s->product[s->count++] = product_key;
}
