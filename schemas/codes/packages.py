"""UN/ECE Recommendation 21: kinds of packages, those in use in trade documents."""

_TABLE = """
    1A drum, steel; 1B drum, aluminium; 1D drum, plywood; 1F container, flexible; 1G drum, fibre; 1W drum, wooden; 2C
    barrel, wooden; 3A jerrican, steel; 3H jerrican, plastic; 4A box, steel; 4B box, aluminium; 4C box, natural wood;
    4D box, plywood; 4F box, reconstituted wood; 4G box, fibreboard; 4H box, plastic; 5H bag, woven plastic; 5L bag,
    textile; 5M bag, paper; 6H composite packaging, plastic receptacle; 6P composite packaging, glass receptacle; 7A
    case, car; 7B case, wooden; 8A pallet, wooden; 8B crate, wooden; 8C bundle, wooden; AA intermediate bulk
    container, rigid plastic; AB receptacle, fibre; AC receptacle, paper; AD receptacle, wooden; AE aerosol; AF
    pallet, modular, collars 80 x 60 cm; AG pallet, shrink-wrapped; AH pallet, 100 x 110 cm; AI clamshell; AJ cone; AL
    ball; AM ampoule, non-protected; AP ampoule, protected; AT atomizer; AV capsule; B4 belt; BA barrel; BB bobbin; BC
    bottlecrate; BD board; BE bundle; BF balloon, non-protected; BG bag; BH bunch; BI bin; BJ bucket; BK basket; BL
    bale, compressed; BM basin; BN bale, non-compressed; BO bottle, non-protected, cylindrical; BP balloon, protected;
    BQ bottle, protected, cylindrical; BR bar; BS bottle, non-protected, bulbous; BT bolt; BU butt; BV bottle,
    protected, bulbous; BW box, for liquids; BX box; BY board, in bundle; BZ bars, in bundle; CA can, rectangular; CB
    crate, beer; CC churn; CD can, with handle and spout; CE creel; CF coffer; CG cage; CH chest; CI canister; CJ
    coffin; CK cask; CL coil; CM card; CN container, not otherwise specified as transport equipment; CO carboy,
    non-protected; CP carboy, protected; CQ cartridge; CR crate; CS case; CT carton; CU cup; CV cover; CW cage, roll;
    CX can, cylindrical; CY cylinder; CZ canvas; DA crate, multiple layer, plastic; DB crate, multiple layer, wooden;
    DC crate, multiple layer, cardboard; DI drum, iron; DJ demijohn, non-protected; DK crate, bulk, cardboard; DL
    crate, bulk, plastic; DM crate, bulk, wooden; DN dispenser; DP demijohn, protected; DR drum; DS tray, one layer no
    cover, plastic; DT tray, one layer no cover, wooden; EC bag, plastic; ED case, with pallet base; EN envelope; FB
    flexibag; FC crate, fruit; FD crate, framed; FE flexitank; FI firkin; FL flask; FO footlocker; FP filmpack; FR
    frame; FT foodtainer; FW cart, flatbed; FX bag, flexible container; GB bottle, gas; GI girder; GR receptacle,
    glass; GU tray, containing horizontally stacked flat items; GY bag, gunny; GZ girders, in bundle; HA basket, with
    handle, plastic; HG hogshead; HN hanger; HR hamper; IA package, display, wooden; IB package, display, cardboard;
    IE package, show; IF package, flow; IG package, paper wrapped; IH drum, plastic; IN ingot; IZ ingots, in bundle;
    JB bag, jumbo; JC jerrican, rectangular; JG jug; JR jar; JT jutebag; JY jerrican, cylindrical; KG keg; KI kit; LE
    luggage; LG log; LT lot; LU lug; LV liftvan; LZ logs, in bundle; MA crate, metal; MB bag, multiply; MC crate,
    milk; ME container, metal; MR receptacle, metal; MS sack, multi-wall; MT mat; MX matchbox; NA not available; NE
    unpacked or unpackaged; NF unpacked or unpackaged, single unit; NG unpacked or unpackaged, multiple units; NS
    nest; NT net; NU net, tube, plastic; OK block; OT octabin; OU container, outer; P2 pan; PA packet; PB pallet, box;
    PC parcel; PD pallet, modular, collars 80 x 100 cm; PE pallet, modular, collars 80 x 120 cm; PF pen; PG plate; PH
    pitcher; PI pipe; PJ punnet; PK package; PL pail; PN plank; PO pouch; PP piece; PR receptacle, plastic; PT pot; PU
    tray; PV pipes, in bundle; PX pallet; PY plates, in bundle; PZ planks, in bundle; QA drum, steel, non-removable
    head; QB drum, steel, removable head; QH drum, plastic, non-removable head; QK barrel, wooden, removable head; QR
    box, plastic, expanded; QS box, plastic, solid; RD rod; RG ring; RJ rack, clothing hanger; RK rack; RL reel; RO
    roll; RT rednet; RZ rods, in bundle; SA sack; SB slab; SC crate, shallow; SD spindle; SE sea-chest; SH sachet; SI
    skid; SK case, skeleton; SL slipsheet; SM sheetmetal; SO spool; SP sheet, plastic wrapping; SS case, steel; ST
    sheet; SU suitcase; SV envelope, steel; SW shrinkwrapped; SX set; SY sleeve; SZ sheets, in bundle; T1 tablet; TB
    tub; TC tea-chest; TD tube, collapsible; TE tyre; TG tank container, generic; TI tierce; TK tank, rectangular; TL
    tub, with lid; TN tin; TO tun; TR trunk; TS truss; TT bag, tote; TU tube; TV tube, with nozzle; TW pallet,
    triwall; TY tank, cylindrical; TZ tubes, in bundle; UC uncaged; UN unit; VA vat; VG bulk, gas at 1031 mbar and 15
    °C; VI vial; VK vanpack; VL bulk, liquid; VN vehicle; VO bulk, solid, large particles; VP vacuum-packed; VQ bulk,
    liquefied gas at abnormal temperature and pressure; VR bulk, solid, granular particles; VS bulk, scrap metal; VY
    bulk, solid, fine particles; WA intermediate bulk container; WB bottle, wickered; WC intermediate bulk container,
    steel; WW intermediate bulk container, woven plastic, coated and liner; XA bag, woven plastic, without inner coat
    or liner; XB bag, woven plastic, sift proof; XC bag, woven plastic, water resistant; XD bag, plastics film; XF
    bag, textile, without inner coat or liner; XG bag, textile, sift proof; XH bag, textile, water resistant; XJ bag,
    paper, multi-wall; XK bag, paper, multi-wall, water resistant; ZZ mutually defined
"""


def _packages() -> dict[str, str]:
    entries = (entry.partition(" ") for entry in " ".join(_TABLE.split()).split("; "))
    return {code: name for code, _, name in entries}


PACKAGES = _packages()
"""Name by package code."""
