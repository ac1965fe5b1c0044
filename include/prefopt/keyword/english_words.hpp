// SPDX-License-Identifier: MIT
#pragma once
/// \file  The English words that the built-in tagger and the keyword filter know. Our own lists.

#include <cstddef>
#include <string_view>

namespace prefopt {

/// Words separated by single blanks, with a blank at both ends.
using word_list = std::string_view;

/// Whether the list has the word, which must be in lower case. A word with a blank is in no list.
constexpr bool contains_word(word_list list, std::string_view word)
{
  if (word.empty() || word.find(' ') != std::string_view::npos) { return false; }
  for (std::size_t at = list.find(word); at != std::string_view::npos;
       at = list.find(word, at + 1)) {
    std::size_t const after = at + word.size();
    if (at > 0 && list[at - 1] == ' ' && after < list.size() && list[after] == ' ') { return true; }
  }
  return false;
}

namespace english {

// Closed classes.
inline constexpr word_list determiners =
    " a an the this that these those some any each every either neither another both all no "
    "several "
    "many few much most more less such various certain enough my your his her its our their whose "
    "which what ";
inline constexpr word_list pronouns =
    " i you he she it we they me him us them who whom someone somebody something anyone anybody "
    "anything everyone everybody everything nobody nothing none one ones other others there myself "
    "yourself himself herself itself ourselves themselves mine yours hers ours theirs ";
inline constexpr word_list auxiliaries =
    " is are was were be been being am has have had having do does did can could will would shall "
    "should may might must cannot can't don't doesn't didn't isn't aren't wasn't weren't won't "
    "wouldn't couldn't shouldn't hasn't haven't hadn't it's there's that's he's she's they're "
    "we're "
    "you're i'm ";
inline constexpr word_list adpositions =
    " in on at of by for with from into onto over under above below beneath beside besides between "
    "among behind near through across along around against during without within inside outside "
    "toward towards upon off out up down about after before past beyond amid amidst underneath "
    "throughout like per via than as alongside atop opposite until till unlike except despite ";
inline constexpr word_list conjunctions =
    " and or but nor yet so while because although though if when where whereas since unless "
    "whether "
    "once plus ";
inline constexpr word_list particles = " to not n't ";
inline constexpr word_list interjections = " yes yeah oh hello hi sorry please okay ok ";
inline constexpr word_list numerals =
    " zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million dozen ";
inline constexpr word_list adverbs =
    " very too also just only even still already now then here again twice often always never "
    "sometimes usually almost perhaps maybe however therefore thus indeed rather really well half "
    "quite away back apart together nearby forward forwards backward backwards upward upwards "
    "downward "
    "downwards ahead aside everywhere nowhere somewhere instead else soon ago overhead indoors "
    "outdoors meanwhile otherwise nonetheless nevertheless halfway sideways e.g i.e etc how why "
    "far ";

// Verbs that are hardly ever nouns in a description, base forms.
inline constexpr word_list verbs =
    " sit hold wear carry bring eat read write sing draw grow throw blow know see take give get go "
    "come make say tell think feel find keep let lie lay rise raise appear seem become contain "
    "consist include depict represent convey suggest indicate illustrate capture feature create "
    "add "
    "provide allow enjoy gather lean sleep prepare perform examine inspect observe operate repair "
    "discuss explain describe follow lead bend kneel crouch squat graze gallop bark swim glide "
    "hang "
    "hover float wander stroll browse admire celebrate compete collect connect consume cook bake "
    "chop pour stir slice serve deliver receive remove open close rest remain stay stare gaze "
    "glance "
    "listen speak chat argue shout whisper laugh cry clap cheer wave greet hug kiss embrace pet "
    "feed chase catch grab reach lift lower push pull drag tie attach fasten surround enclose "
    "support occupy fill cover contain arrange place put set hide emerge disappear "
    "approach arrive depart enter leave pass cross board ascend descend climb fall drop jump leap "
    "hop dive splash spray soak dry wash clean sweep wipe scrub polish build construct assemble "
    "install measure weigh teach learn study solve type click choose select buy sell pay shop "
    "wait stand walk run ride drive fly sail row travel move turn spin roll rotate swing shine "
    "glow "
    "sparkle reflect illuminate cast stretch extend lead overlook line border separate divide join "
    "meet face look watch play work wrap pack unfold fold hit kick shoot toss juggle strum "
    "pose smile frown grin nod bow salute applaud photograph film record "
    "decorate adorn display exhibit showcase show present protect prevent avoid need want try help "
    "start begin stop finish continue happen occur exist belong depend use have contrast "
    "complement "
    "match blend enhance emphasize highlight accentuate engage participate interact focus "
    "concentrate "
    "navigate explore dig plant harvest pick peel squeeze mix grill fry boil roast sprinkle "
    "drizzle "
    "hatch nest perch peck nibble chew lick sniff howl roar growl swallow drink bloom flow drift "
    "burn "
    "melt freeze crash collapse break tear bite bounce balance grip grasp clutch squint "
    "tower loom overlap intersect descend line dominate shape stack knit sew paint sketch carve "
    "crawl creep chase pursue scatter spread strew park dock moor anchor point circle dance march "
    "race "
    "skate surf ski camp paddle step rock trim pile load unload tend tip tilt trace trail trot tug "
    "visit wade welcome whistle yell yawn wink twist scoop float guard guide greet haul heat hunt "
    "hurl "
    "kayak lounge mow nap nuzzle pat patrol perform pitch practice prop pump queue rake rub rush "
    "sail "
    "scratch search shelter shovel sift signal sip skip snap sniff sort stab stamp steer stomp "
    "strap "
    "string stroke strut swoop tap tattoo thread tickle toast trek tuck type unload wait wrestle "
    "touch slide zoom soar sway sprawl straddle splash sprint stumble swarm wiggle weave whisk ";
// Of those, the ones that are nouns as well: their bare and -s forms need a look at the neighbours.
inline constexpr word_list noun_verbs =
    " lead hang cook slice wave pet hug kiss catch reach lift push drag board fall drop jump leap "
    "hop dive splash spray dry wash polish type shop pay wait stand walk run ride drive fly sail "
    "row "
    "travel move turn spin roll swing shine glow sparkle cast stretch line border join face look "
    "watch play work wrap pack fold hit kick shoot toss pose smile frown grin bow salute "
    "photograph "
    "film record display exhibit show present need help start stop finish use contrast match blend "
    "focus plant harvest pick peel mix grill fry roast drizzle nest perch bite bounce balance grip "
    "tower shape stack paint sketch tear break crash swallow drink bloom flow drift burn howl roar "
    "anchor dock park film feature cover feed throw draw study chat glance gaze stare rest find "
    "place set pass cross open cry cheer clap build support approach touch bend squeeze chop pull "
    "lay grasp clutch lick slide blow peck spread crawl say try bark keep leave point circle dance "
    "march "
    "race skate surf ski camp paddle step rock pile load tip tilt trace trail trot tug visit "
    "welcome "
    "whistle yell yawn wink twist scoop float guard guide haul heat hunt kayak lounge nap pat "
    "patrol "
    "pitch practice prop pump queue rake rub rush scratch search shelter shovel signal sip skip "
    "snap "
    "sort stamp strap string stroke tap tattoo thread toast trek trim zoom sprint swarm sway ";
// Of those, the ones that mean the thing unless the neighbours insist.
inline constexpr word_list mostly_nouns =
    " board line border face pack bow film record nest perch tower park dock anchor plant drink "
    "shop row cook pet cover shape present paint sketch feature exhibit display sail slice roll "
    "cast fold place peel swing grill watch drift match border burn stack wave wrap bark mix feed "
    "roast type harvest leave sparkle race camp paddle rock guide guard kayak lounge pitch pump "
    "rake "
    "shelter "
    "shovel signal stamp strap string tattoo thread toast trail tip prop ";
// Past forms and participles that no rule makes.
inline constexpr word_list irregular_verbs =
    " sat stood held wore worn seen saw taken took shown made built hung drawn drew grown grew "
    "flown "
    "flew thrown threw written wrote lit left laid lain lay went gone came become became got "
    "gotten "
    "given gave kept found fell fallen broke ate eaten drank rode ridden drove driven ran swam "
    "swum began begun brought bought caught taught thought felt told said spoke spoken slept swept "
    "led fed met put set cut spread shut hid hidden bit bitten rose risen sold paid shot struck "
    "hit "
    "woke wound bent lent spent sent knelt leapt sprang sprung sewn woven strewn known chosen ";

// Adjectives that may end a clause, where only the word itself tells them from a noun.
inline constexpr word_list adjectives =
    " red orange yellow green blue purple violet pink brown black white gray grey golden silver "
    "beige "
    "tan turquoise teal maroon big large small little tiny huge giant tall short long wide narrow "
    "thick thin high low deep shallow flat steep round square curved straight sharp dull smooth "
    "rough "
    "soft hard heavy light bright dark pale clear cloudy sunny rainy snowy windy foggy misty dusty "
    "muddy sandy rocky grassy icy wet dry damp hot warm cool cold frozen fresh ripe raw young old "
    "new "
    "ancient modern antique vintage rustic elderly adult male female tender happy sad angry calm "
    "serene peaceful quiet loud noisy busy empty full crowded messy tidy neat clean dirty rusty "
    "shiny "
    "glossy fluffy furry hairy fuzzy curly wavy bald bare striped spotted checkered plaid colorful "
    "colourful vibrant vivid transparent wooden metallic woolen leafy lush dense bushy sparse "
    "single "
    "double main front rear upper inner outer same different similar other own first second third "
    "next last whole entire partial visible available possible likely able ready safe dangerous "
    "strong weak fast slow good bad nice great best better perfect beautiful pretty cute lovely "
    "handsome ugly elegant simple plain fancy ornate delicate rich poor lively friendly lonely "
    "alone "
    "casual formal traditional typical common rare special unique important interesting natural "
    "urban "
    "rural sweet sour salty spicy savory crispy creamy juicy tasty delicious healthy sick tired "
    "asleep awake alive dead present upright open closed public private local several numerous "
    "lone "
    "overall sole loose tight parallel vertical horizontal diagonal ";

// Nouns in -ing, -ed, -ly and -s that the endings would take for something else.
inline constexpr word_list nouns =
    " building painting railing ceiling clothing ring king wing string spring thing evening "
    "morning "
    "wedding awning lightning pudding earring swing sling opening crossing drawing frosting icing "
    "siding bedding flooring dumpling duckling sibling pudding stuffing topping seating lighting "
    "setting surrounding surroundings wrapping meeting gathering feeling scaffolding farthing "
    "shed bed sled seed weed reed feed steed bread thread shred speed hundred "
    "family belly lily jelly butterfly assembly bully trolley ally dragonfly firefly "
    "bus grass glass dress boss class bass moss mess compass mattress waitress actress "
    "fortress cactus octopus walrus platypus hippopotamus lens gas iris tennis "
    "campus circus canvas christmas atlas series species chess access process success "
    "people person man woman men women children child police cattle sheep fish deer geese feet "
    "teeth "
    "mice oxen bride groom water light snow smoke street ";
inline constexpr word_list plural_nouns =
    " people men women children police cattle geese feet teeth mice oxen sheep both ";
inline constexpr word_list adverb_like_adjectives =
    " friendly lovely lonely elderly curly early likely lively only ugly silly woolly holy "
    "daily chilly hilly bubbly wobbly prickly ";

// Words that are no keyword by themselves: they speak of the picture, of places in it, of parts and
// amounts, or of what no segmenter finds.
inline constexpr word_list not_things =
    " image images picture pictures photo photos photograph snapshot scene scenes background "
    "foreground view views perspective composition frame-of-view caption description answer "
    "question "
    "left right side sides middle center centre front back top bottom edge edges corner corners "
    "end "
    "ends part parts area areas place places position location direction distance way ways space "
    "surface group groups pair pairs couple row rows line lines number numbers amount variety kind "
    "kinds type types sort lot lots bunch set series piece pieces slice bit collection array range "
    "mix mixture combination arrangement middle-ground time times day days night evening morning "
    "afternoon noon sunrise sunset dawn dusk moment moments season summer winter spring autumn "
    "fall "
    "weather atmosphere mood feeling feelings sense ambiance ambience vibe environment setting "
    "surroundings vicinity situation event events activity activities action actions occasion "
    "experience style color colors colour colours shade shades pattern patterns texture size shape "
    "shapes form detail details feature features element elements aspect aspects item items object "
    "objects thing things stuff presence appearance addition contrast focus attention interest "
    "importance purpose use case fact reason result example instance possibility beauty "
    "tranquility serenity calmness warmth charm elegance character nature life love joy fun "
    "happiness excitement energy motion movement balance harmony depth height length width speed "
    "order progress process practice conversation discussion communication game match race sport "
    "music rhythm weight temperature world country city town village room kitchen bathroom bedroom "
    "office restaurant park market museum rest remainder majority ";

}  // namespace english
}  // namespace prefopt
